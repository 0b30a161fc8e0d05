import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionData } from 'express-session'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DynamoSessionStore } from '../../runtime/express.js'
import { createTable } from '../../runtime/table/create-table.js'
import { deleteTable } from '../../runtime/table/delete-table.js'
import { deleteIndex } from '../../runtime/table/table-indexes.js'
import { createUmzug } from '../../runtime/umzug.js'
import { onEachEngine } from '../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** Of a request. */
interface Input {
  readonly TableName?: string
  readonly RequestItems?: object
  readonly IndexName?: string
}

interface Policy {
  readonly Statement: readonly { readonly Action: readonly string[]; readonly Resource: string }[]
}

/** `sessions CreateTable` … for every action that a policy of the README allows. */
function allowed(policy: 'deploy' | 'run' | 'index'): string[] {
  const json = new RegExp(`<!-- policy: ${policy} -->\\n\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(README)?.[1] ?? ''
  const { Statement } = JSON.parse(json) as Policy
  return Statement.flatMap(({ Action, Resource }) =>
    Action.map((action) => `${Resource.split(':table/').at(-1)} ${action.replace('dynamodb:', '')}`),
  )
}

onEachEngine(
  'the IAM policies of the README',
  (engine) => {
    let proxy: FaultProxy
    let root: string

    beforeEach(async () => {
      proxy = await startFaultProxy(engine.endpoint)
      root = await mkdtemp(join(tmpdir(), 'policies-'))
    })
    afterEach(async () => {
      await proxy.stop()
      await rm(root, { recursive: true, force: true })
    })

    const seen = (tableName: string) => {
      const resource = ({ TableName, RequestItems, IndexName }: Input) =>
        `${(TableName ?? Object.keys(RequestItems ?? {}).join()).replace(tableName, 'sessions')}${IndexName ? '/index/*' : ''}`
      return [...new Set(proxy.requests.map(({ operation, input }) => `${resource(input)} ${operation}`))]
    }

    it('allow exactly the requests of a deployment', async () => {
      const options = { ...engine.options(), endpoint: proxy.endpoint, root }
      await writeFile(
        join(root, '20260101000000_table.mjs'),
        `export const up = (params) => params.context.up()\nexport const down = (params) => params.context.down()\n`,
      )
      const context = { up: () => createTable(options), down: () => deleteTable(options) }
      const umzug = createUmzug({ ...options, migrationsDir: '.', context })
      await umzug.up()
      await umzug.pending()
      await umzug.down()
      await createTable({ ...options, ttl: false, pointInTimeRecovery: true })
      await createTable(options)
      const addingIndex = createTable({ ...options, indexKeys: ['user_id'] })
      if (engine.name === 'dynalite') await expect(addingIndex).rejects.toThrow(/can't add an index/)
      else await addingIndex
      await deleteIndex('user_id', options)
      const requests = seen(options.tableName)
      expect(allowed('deploy')).toEqual(expect.arrayContaining(requests))
      const withTags = ['sessions TagResource', 'sessions_migrations TagResource']
      const onlyWithTimeToLive = engine.name === 'dynalite' ? ['sessions UpdateTimeToLive', 'sessions Scan'] : []
      const unused = allowed('deploy').filter((action) => !requests.includes(action))
      expect([...withTags, ...onlyWithTimeToLive]).toEqual(expect.arrayContaining(unused))
    }, 120_000) // DynamoDB Local takes its time with an index, the more the more it has to do

    it('allow exactly the requests of the application', async () => {
      const options = { ...engine.options(), endpoint: proxy.endpoint, root }
      await createTable(options)
      proxy.reset()
      const store = new DynamoSessionStore({ ...options, transport: 'lean' })
      const cookie = { originalMaxAge: null }
      await store.set('s1', { cookie, a: 1 } as unknown as SessionData)
      const loaded = (await store.get('s1')) as SessionData
      await store.touch('s1', loaded)
      await Promise.all([store.get('s1'), store.get('s2')])
      await store.set('s1', Object.assign(loaded, { a: 2 }))
      await store.destroy('s1')
      expect(seen(options.tableName).sort()).toEqual(allowed('run').sort())
    })

    it('allow to find and delete all sessions of a user, and nothing that this does not do', async () => {
      const options = { ...engine.options(), endpoint: proxy.endpoint, root, indexKeys: ['user_id'] }
      await createTable(options)
      proxy.reset()
      const store = new DynamoSessionStore(options)
      await store.set('s1', { cookie: { originalMaxAge: null }, user_id: 42 } as unknown as SessionData)
      expect(await store.keysBy('user_id', 42)).toEqual(['s1'])
      expect(await store.destroyBy('user_id', 42)).toBe(1)
      const requests = seen(options.tableName)
      expect([...allowed('run'), ...allowed('index')]).toEqual(expect.arrayContaining(requests))
      expect(requests).toEqual(expect.arrayContaining(allowed('index')))
    })
  },
  { quiet: true },
)
