import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Adapter, RunningApp } from '../support/adapters/adapter.js'
import { Browser } from '../support/adapters/browser.js'
import { expressAdapter } from '../support/adapters/express.js'
import { fastifyAdapter } from '../support/adapters/fastify.js'
import { honoAdapter } from '../support/adapters/hono.js'
import { koaAdapter } from '../support/adapters/koa.js'
import { nodeHttpAdapter } from '../support/adapters/node-http.js'
import { remixAdapter } from '../support/adapters/remix.js'
import { routes } from '../support/adapters/routes.js'
import { reaching } from '../support/connection.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'
import { anyData, foreignJson } from '../support/properties/arbitraries.js'
import { CONFIGURATION } from '../support/properties/configuration.js'
import { COOKIES } from '../support/properties/cookies.js'
import { DATA } from '../support/properties/data.js'
import { IDS } from '../support/properties/ids.js'
import { ITEMS } from '../support/properties/items.js'
import { NAMES } from '../support/properties/names.js'
import { OUTPUT } from '../support/properties/output.js'
import { checkAll, type Properties, SEED } from '../support/properties/properties.js'
import { keyOfOnlyItem, makeTable, readItem, writeItem } from '../support/table.js'

/** As in `test/unit/properties.test.ts`, with many more inputs. */
const RUNS = 3000
const ALL: Readonly<Record<string, Properties>> = {
  cookies: COOKIES,
  'session ids': IDS,
  items: ITEMS,
  'session data': DATA,
  'the configuration': CONFIGURATION,
  names: NAMES,
  output: OUTPUT,
}

describe.each(Object.entries(ALL))('%s', (_, properties) => checkAll(properties, RUNS))

const ADAPTERS = [expressAdapter, fastifyAdapter, koaAdapter, remixAdapter, honoAdapter, nodeHttpAdapter]

describe.each(ADAPTERS)('in $name, stored data of any form', (adapter: Adapter) => {
  const engine = anyEngine()
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let app: RunningApp

  beforeAll(async () => {
    client = engine.client()
    await makeTable(client, tableName)
    const options = {
      tableName,
      ...reaching(client),
      secretKey: 'signs the ids of sessions with any stored data',
      maxStale: 3600,
    }
    app = await adapter.start(routes(), { options, cookieLifetime: 600 })
  })
  afterAll(() => app.stop())

  it('neither breaks the response nor changes when another key changes', async () => {
    const browser = new Browser(app, adapter.cookieName)
    await browser.get('/in')
    const key = await keyOfOnlyItem(client, tableName)
    const item = await readItem(client, tableName, key)
    const data = fc.oneof(
      anyData().map((some) => JSON.stringify(some)),
      foreignJson(),
    )
    await fc.assert(
      fc.asyncProperty(data, async (json) => {
        await writeItem(client, tableName, { ...item, session_id: { S: key }, data: { S: json } })
        expect((await browser.get('/count')).status).toBe(200)
        const stored = JSON.parse((await readItem(client, tableName, key))?.data?.S ?? '')
        expect(othersIn(stored)).toEqual(othersIn(JSON.parse(json)))
      }),
      { numRuns: 150, seed: SEED },
    )
    expect(app.failures).toEqual([])
    expect({}).not.toHaveProperty('polluted')
  })
})

/** All but what the request changes: its counter, and flashed values, which end with the next request. */
function othersIn({ views: _, _flash: __, ...others }: Record<string, unknown>): object {
  return others
}
