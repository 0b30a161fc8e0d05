import { setTimeout as sleep } from 'node:timers/promises'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import session, { type SessionData } from 'express-session'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ErrorContext, Options } from '../../../runtime/configuration/options.js'
import { SessionUnreadError } from '../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { startApp } from '../../support/express-app.js'
import {
  type Cell,
  expectNoSecrets,
  expectNoUnhandledRejection,
  FAULTS,
  type FaultRow,
  startCell,
} from '../../support/fault-matrix.js'
import { makeTable, readItem } from '../../support/table.js'

const ITEM = { data: { S: '{"note":"secret-data"}' }, updated_at: { S: '1763832000.5' } }

type Request = Parameters<session.Store['createSession']>[0]
type Callback = (...results: unknown[]) => void

/** A column of the matrix: an operation of the store, and the requests to DynamoDB that fail. */
interface Operation {
  readonly name: string
  readonly request: 'GetItem' | 'UpdateItem' | 'DeleteItem'
  readonly options?: Options
  /** Nothing is stored at first. */
  readonly fresh?: true
  /** What the error handler gets; undefined: the caller gets every error. */
  readonly reportedAs?: string
  /** How many requests succeed before the fault begins. */
  readonly after?: number
  /** There is no caller that could get an error. */
  readonly background?: true
  /** Prepares, and returns the operation to test. */
  readonly prepare: (store: DynamoSessionStore, cell: Cell) => Promise<(callback: Callback) => void>
  /** Whether the item shows that the operation was carried out. */
  readonly carriedOut: (item: Awaited<ReturnType<Cell['item']>>) => void
}

const LOCKED = { S: expect.any(String) }

const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const

async function loaded(store: DynamoSessionStore, { id }: Cell) {
  const found = await store.get(id)
  if (!found) throw new Error('there should be a session')
  return store.createSession({ sessionID: id } as Request, found)
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'get',
    request: 'GetItem',
    reportedAs: 'get',
    prepare:
      async (store, { id }) =>
      (callback) =>
        store.get(id, callback),
    carriedOut: (item) => expect(item).toMatchObject(ITEM),
  },
  {
    name: 'get (pessimistic)',
    request: 'UpdateItem',
    options: PESSIMISTIC,
    reportedAs: 'get',
    prepare:
      async (store, { id }) =>
      (callback) =>
        store.get(id, callback),
    carriedOut: (item) => expect(item).toMatchObject({ ...ITEM, locked_at: {} }),
  },
  {
    name: 'set (a new session)',
    request: 'UpdateItem',
    fresh: true,
    prepare: async (store, { id }) => {
      const request = { sessionID: id } as Request
      store.generate(request)
      Object.assign(request.session, { note: 'secret-data' })
      return (callback) => store.set(id, request.session, callback)
    },
    carriedOut: (item) => expect(item).toMatchObject({ data: ITEM.data }),
  },
  {
    name: 'set (a loaded session)',
    request: 'UpdateItem',
    prepare: async (store, cell) => {
      const found = Object.assign(await loaded(store, cell), { b: 2 })
      return (callback) => store.set(cell.id, found, callback)
    },
    carriedOut: (item) => expect(item).toMatchObject({ data: { S: '{"note":"secret-data","b":2}' } }),
  },
  {
    name: 'touch',
    request: 'UpdateItem',
    reportedAs: 'touch',
    prepare: async (store, cell) => {
      const found = await loaded(store, cell)
      return (callback) => store.touch(cell.id, found, callback)
    },
    carriedOut: (item) => {
      expect(item?.data).toEqual(ITEM.data)
      expect(item?.updated_at).not.toEqual(ITEM.updated_at)
    },
  },
  {
    name: 'destroy',
    request: 'DeleteItem',
    prepare:
      async (store, { id }) =>
      (callback) =>
        store.destroy(id, callback),
    carriedOut: (item) => expect(item).toBeUndefined(),
  },
  {
    name: 'unlock',
    request: 'UpdateItem',
    options: PESSIMISTIC,
    reportedAs: 'unlock',
    after: 1,
    background: true,
    prepare:
      async (store, { id }) =>
      (callback) =>
        store.get(id, callback),
    carriedOut: (item) => {
      expect(item).toMatchObject(ITEM)
      expect(item).not.toHaveProperty('locked_at')
    },
  },
]

const engine = anyEngine()
const table = uniqueTableName()
let direct: DynamoDBClient

beforeAll(async () => {
  direct = engine.client()
  await makeTable(direct, table)
})
afterAll(() => direct.destroy())

/** The results of an operation: the arguments of each call of its callback and of the error handler. */
interface Outcome {
  readonly calls: readonly (readonly unknown[])[]
  readonly handled: readonly (readonly unknown[])[]
}

interface Tested {
  readonly cell: Cell
  readonly store: DynamoSessionStore
  readonly outcome: Outcome
  readonly before: Awaited<ReturnType<Cell['item']>>
}

async function underFault(
  row: FaultRow,
  operation: Operation,
  raiseErrors: boolean,
  look: (tested: Tested) => Promise<void>,
) {
  const cell = await startCell(engine, direct, table, row, 'always')
  try {
    if (!operation.fresh) await cell.put(ITEM)
    const handled: unknown[][] = []
    const errorHandler = { handle: (...reported: unknown[]) => void handled.push(reported) }
    const settings = { touchInterval: 0, raiseErrors, errorHandler, ...operation.options }
    const store = new DynamoSessionStore({ ...settings, tableName: table, ...cell.options })
    session({ store, secret: 'x', resave: false, saveUninitialized: false, genid: () => cell.id })
    const run = await operation.prepare(store, cell)
    const before = await cell.item()
    cell.strike(operation.request, { times: Number.POSITIVE_INFINITY, after: operation.after })
    const calls: unknown[][] = []
    await new Promise<void>((resolve) => {
      run((...results) => {
        calls.push(results)
        resolve()
      })
    })
    for (let tries = 0; operation.background && handled.length === 0 && tries < 2000; tries += 1) await sleep(10)
    await sleep(10)
    await expectNoUnhandledRejection()
    expectNoSecrets([calls.map(([error]) => error), handled])
    await look({ cell, store, outcome: { calls, handled }, before })
  } finally {
    await cell.end()
  }
}

describe.each(OPERATIONS)('DynamoSessionStore under faults: $name', (operation) => {
  const rows = FAULTS.flatMap((row) => [
    { ...row, raiseErrors: false },
    { ...row, raiseErrors: true },
  ])

  it.concurrent.each(rows)('$name, raise_errors $raiseErrors', async ({ raiseErrors, ...row }) => {
    const raised = !operation.reportedAs || (!operation.background && (raiseErrors || !row.passing))
    await underFault(row, operation, raiseErrors, async ({ cell, store, outcome, before }) => {
      expect(outcome.calls).toHaveLength(1)
      const [error, result] = outcome.calls[0] ?? []
      if (raised) {
        expect(error).toBeInstanceOf(Error)
        expect(error).toMatchObject(row.error)
        expect(outcome.handled).toEqual([])
      } else {
        expect(error).toBeNull()
        const context = { operation: operation.reportedAs, sessionIdHash: hashSessionId(cell.id) }
        expect(outcome.handled).toEqual([[expect.objectContaining(row.error), context]])
      }
      if (row.applied) operation.carriedOut(await cell.item())
      else expect(await cell.item()).toEqual(operation.background ? { ...before, locked_at: LOCKED } : before)
      if (operation.reportedAs === 'get' && !raised) await expectUnread(cell, store, result)
    })
  })
})

describe('an Express application whose session cannot be read', () => {
  const passing = FAULTS.filter((row) => row.passing && !row.applied)

  it.concurrent.each(passing)('continues with the same cookie, and refuses to save: $name', async (row) => {
    const cell = await startCell(engine, direct, table, row, 'always')
    const handled: string[] = []
    const errorHandler = { handle: (_error: Error, { operation }: ErrorContext) => void handled.push(operation) }
    const app = await startApp(
      {
        '/in': (request, response) => {
          Object.assign(request.session, { note: 'first' })
          response.send('in')
        },
        '/read': (request, response) => response.send(JSON.stringify(request.session)),
        '/write': (request, response) => {
          Object.assign(request.session, { note: 'overwritten' })
          response.send('written')
        },
      },
      { store: new DynamoSessionStore({ tableName: table, ...cell.options, errorHandler }) },
    )
    try {
      await app.get('/in')
      const before = await readItem(direct, table, app.id())
      cell.strike('GetItem')
      const read = await app.get('/read')
      expect(read).toMatchObject({ status: 200, setCookie: null })
      expect(read.text).not.toContain('first')
      expect(app.failures).toEqual([])
      expect(await app.get('/write')).toMatchObject({ setCookie: null })
      await vi.waitFor(() => expect(app.failures).not.toEqual([]))
      expect(handled).toEqual(['get', 'get'])
      expect(await readItem(direct, table, app.id())).toEqual(before)
      cell.proxy.reset()
      expect((await app.get('/read')).text).toContain('first')
      expect(app.failures).toEqual([expect.any(SessionUnreadError)])
      await expectNoUnhandledRejection()
    } finally {
      await app.stop()
      await cell.end()
    }
  })
})

/** The request continues with an empty session under the same id, and does not replace the stored one. */
async function expectUnread({ id, proxy, item }: Cell, store: DynamoSessionStore, found: unknown) {
  const before = await item()
  proxy.reset()
  expect(found).toEqual({})
  const request = { sessionID: id } as Request
  const unread = Object.assign(store.createSession(request, found as SessionData), { note: 'overwritten' })
  expect(request.sessionID).toBe(id)
  await expect(store.set(id, unread)).rejects.toThrow(SessionUnreadError)
  await store.touch(id, unread)
  expect(proxy.operations).toEqual([])
  expect(await item()).toEqual(before)
}
