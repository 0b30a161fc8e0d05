import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { Connection } from '../../../runtime/dynamodb/connection.js'
import type { Item, SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import {
  type Cell,
  expectNoSecrets,
  expectNoUnhandledRejection,
  FAULTS,
  type FaultRow,
  MOST_ATTEMPTS,
  OVERTAKEN,
  startCell,
} from '../../support/fault-matrix.js'
import { storedKey } from '../../support/stored-key.js'
import { makeTable } from '../../support/table.js'

const ITEM = {
  data: { S: '{"a":"secret-data"}' },
  created_at: { S: '1763832000.5' },
  updated_at: { S: '1763832000.5' },
  user_id: { N: '7' },
}
const CHANGED = { a: 'secret-data', b: 2 }

/** A column of the matrix. */
interface Operation {
  readonly name: string
  /** The request that fails. */
  readonly request: 'GetItem' | 'UpdateItem' | 'DeleteItem'
  readonly options?: Options
  /** Nothing is stored at first. */
  readonly fresh?: true
  /** Prepares with a repository that works, and returns the operation to test with one that does not. */
  readonly prepare: (working: SessionRepository, id: string) => Promise<(tested: SessionRepository) => Promise<unknown>>
  /** The item after the operation was carried out, exactly once. */
  readonly after: (before: Item) => Item | undefined
  /** Compares a successful result with what is stored. */
  readonly agrees: (result: unknown, item: Item | undefined) => void
}

const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const
const text = { S: expect.any(String) }
const ourTime = { S: expect.stringMatching(/^\d{10}\.\d{15}$/) }

const load = async (sessions: SessionRepository, id: string): Promise<SessionRecord> => {
  const record = await sessions.findForChange(id)
  if (!record) throw new Error('there should be a session')
  return record
}

const sameVersion = (result: unknown, item: Item | undefined) => {
  expect(result).toMatchObject({ version: item?.updated_at, json: item?.data?.S, token: undefined })
}
/** The version is still the loaded one, so that a save notices the writes of others that ignore locks. */
const touchedOnly = (result: unknown, item: Item | undefined) => {
  const { updated_at: version } = ITEM
  expect(result).toMatchObject({ updatedAt: item?.updated_at?.S, version, json: item?.data?.S, token: undefined })
}
const nothing = (result: unknown) => expect(result).toBeUndefined()

const change = (name: string, options: Options): Operation => ({
  name,
  options,
  request: 'UpdateItem',
  prepare: async (working, id) => {
    const record = await load(working, id)
    return (tested) => tested.update(record, CHANGED)
  },
  after: ({ locked_at: _, ...before }) => ({
    ...before,
    data: { S: JSON.stringify(CHANGED) },
    updated_at: ourTime,
    ...(options.locking !== 'none' && { saves: text }),
  }),
  agrees: sameVersion,
})

const touching = (name: string, options: Options, agrees: Operation['agrees']): Operation => ({
  name,
  options,
  request: 'UpdateItem',
  prepare: async (working, id) => {
    const record = await load(working, id)
    return (tested) => tested.touch(record)
  },
  after: ({ locked_at: _, ...before }) => ({ ...before, updated_at: ourTime }),
  agrees,
})

const OPERATIONS: readonly Operation[] = [
  {
    name: 'find',
    request: 'GetItem',
    prepare: async (_working, id) => (tested) => tested.find(id),
    after: (before) => before,
    agrees: (result) => expect(result).toMatchObject({ data: { a: 'secret-data' }, token: undefined }),
  },
  {
    name: 'create',
    request: 'UpdateItem',
    fresh: true,
    prepare: async (_working, id) => (tested) => tested.create(id, CHANGED),
    after: ({ session_id }) => ({
      ...(session_id && { session_id }),
      data: { S: JSON.stringify(CHANGED) },
      created_at: ourTime,
      updated_at: ourTime,
    }),
    agrees: sameVersion,
  },
  change('update (none)', { locking: 'none' }),
  change('update (optimistic)', { locking: 'optimistic' }),
  change('update (pessimistic)', PESSIMISTIC),
  touching('touch', {}, sameVersion),
  touching('touch (pessimistic)', PESSIMISTIC, touchedOnly),
  {
    name: 'delete',
    request: 'DeleteItem',
    prepare: async (_working, id) => (tested) => tested.delete(id),
    after: () => undefined,
    agrees: nothing,
  },
  {
    name: 'lock',
    options: PESSIMISTIC,
    request: 'UpdateItem',
    prepare: async (_working, id) => (tested) => tested.findForChange(id),
    after: (before) => ({ ...before, locked_at: text }),
    agrees: (result, item) => expect(result).toMatchObject({ data: { a: 'secret-data' }, token: item?.locked_at?.S }),
  },
  {
    name: 'unlock',
    options: PESSIMISTIC,
    request: 'UpdateItem',
    prepare: async (working, id) => {
      const record = await load(working, id)
      return (tested) => tested.release(record)
    },
    after: ({ locked_at: _, ...before }) => before,
    agrees: (result) => expect(result).toMatchObject({ token: undefined }),
  },
]

onEachEngine('SessionRepository under faults', (engine) => {
  const table = uniqueTableName()
  let direct: DynamoDBClient

  beforeAll(async () => {
    direct = engine.client()
    await makeTable(direct, table)
  })
  afterAll(() => direct.destroy())

  async function inCell(
    row: FaultRow,
    lasts: keyof typeof MOST_ATTEMPTS,
    operation: Operation,
    work: (cell: Cell, run: () => Promise<unknown>, before: Item | undefined) => Promise<void>,
  ) {
    const cell = await startCell(engine, direct, table, row, lasts)
    try {
      if (!operation.fresh) await cell.put(ITEM)
      const configuration = resolveConfiguration({ tableName: table, touchInterval: 0, ...operation.options })
      const working = new SessionRepository(configuration, connectionTo(direct))
      const behindProxy = resolveConfiguration({
        ...operation.options,
        ...cell.options,
        tableName: table,
        touchInterval: 0,
      })
      const tested = new SessionRepository(behindProxy, new Connection(behindProxy))
      const run = await operation.prepare(working, cell.id)
      await work(cell, () => run(tested), await cell.item())
      await expectNoUnhandledRejection()
      await expectUsable(cell)
    } finally {
      await cell.end()
    }
  }

  /** Afterwards another request can use the session, at the latest when a lock that was left behind has expired. */
  async function expectUsable(cell: Cell) {
    const item = await cell.item()
    const settings = { locking: 'pessimistic', lockExpiryTime: 20, lockRetryDelay: 20, lockMaxWaitTime: 10 } as const
    const others = new SessionRepository(resolveConfiguration({ ...settings, tableName: table }), connectionTo(direct))
    const found = await others.findForChange(cell.id)
    expect(found?.json).toBe(item?.data?.S)
  }

  const stored = (id: string) => ({ session_id: { S: storedKey(id) } })

  for (const operation of OPERATIONS) {
    describe.concurrent(operation.name, () => {
      it.each(FAULTS.filter(({ repeated }) => repeated))(
        '$name, once: the operation is carried out exactly once',
        async (row) => {
          await inCell(row, 'once', operation, async ({ proxy, strike, item, id }, run, before) => {
            strike(operation.request)
            const result = await run()
            expect(await item()).toEqual(operation.after(before ?? stored(id)))
            operation.agrees(result, await item())
            expect(proxy.operations.filter((name) => name === operation.request).length).toBeGreaterThan(1)
          })
        },
      )

      it('timeout, and applied after its repeat: the operation is carried out exactly once', async () => {
        await inCell(OVERTAKEN, 'once', operation, async ({ overtaken, strike, item, id }, run, before) => {
          strike(operation.request)
          const result = await run()
          const repeated = await item()
          expect(repeated).toEqual(operation.after(before ?? stored(id)))
          operation.agrees(result, repeated)
          await overtaken()
          expect(await item()).toEqual(repeated)
        })
      })

      it.each(FAULTS)('$name, always: the caller gets the error, and nothing else happens', async (row) => {
        await inCell(row, 'always', operation, async ({ proxy, strike, item, id }, run, before) => {
          strike(operation.request)
          const error = await run().then(
            () => expect.unreachable('it should have failed'),
            (reason) => reason,
          )
          expect(error).toBeInstanceOf(Error)
          expect(error).toMatchObject(row.error)
          expectNoSecrets([error])
          expect(await item()).toEqual(row.applied ? operation.after(before ?? stored(id)) : before)
          const attempts = row.repeated ? MOST_ATTEMPTS.always : 1
          expect(proxy.operations).toEqual(Array.from({ length: attempts }, () => operation.request))
        })
      })
    })
  }
})
