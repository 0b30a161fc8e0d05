import { expect, it, onTestFinished } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { reaching } from '../../../support/connection.js'
import { anyEngine, uniqueTableName } from '../../../support/engines.js'
import { type Handle, startApp } from '../../../support/express-app.js'
import { folderWith } from '../../../support/folder.js'
import { makeTable } from '../../../support/table.js'

const ROUTES: Record<string, Handle> = {
  '/in': (request, response) => {
    Object.assign(request.session, { user: 'ada' })
    response.send('in')
  },
  '/read': (request, response) => response.send(JSON.stringify(request.session)),
}

async function appWith(options: Options) {
  const app = await startApp(ROUTES, { store: new DynamoSessionStore({ root: folderWith(), ...options }) })
  onTestFinished(() => app.stop())
  return app
}

it('fails the request with the error that an error handler function throws', async () => {
  const client = anyEngine().client()
  onTestFinished(() => client.destroy())
  const tableName = uniqueTableName()
  await makeTable(client, tableName)
  const healthy = await appWith({ tableName, ...reaching(client) })
  expect((await healthy.get('/in')).status).toBe(200)

  const operations: string[] = []
  const errorHandler: Options['errorHandler'] = (error, { operation }) => {
    operations.push(operation)
    throw new Error('no sessions today', { cause: error })
  }
  const broken = await appWith({ tableName, endpoint: 'http://127.0.0.1:1', errorHandler })
  const answer = await broken.get('/read', { headers: { cookie: healthy.cookie() } })
  expect(answer).toMatchObject({ status: 500, text: 'Error: no sessions today' })
  expect(operations).toEqual(['get'])
  expect(broken.failures).toEqual([
    expect.objectContaining({ cause: expect.objectContaining({ code: 'TABLE_REQUEST' }) }),
  ])
})
