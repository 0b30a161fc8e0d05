import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import type { Job, JobResult } from '../../support/concurrency-worker.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const PROCESSES = 8
const WORKER = join(import.meta.dirname, '../../support/concurrency-worker.ts')

/** With times for a machine that is busy with other tests: 200 clients wait for one lock. */
const PESSIMISTIC = {
  locking: 'pessimistic',
  lockExpiryTime: 60_000,
  lockRetryDelay: 2_000,
  lockMaxWaitTime: 110,
} as const satisfies Options

let processes: ChildProcess[]

beforeAll(async () => {
  processes = Array.from({ length: PROCESSES }, () => fork(WORKER, { execArgv: ['--no-warnings', '--import', 'tsx'] }))
  await Promise.all(processes.map((child) => once(child, 'message')))
})
afterAll(async () => {
  const exits = processes.map((child) => once(child, 'exit'))
  for (const child of processes) child.kill()
  await Promise.all(exits)
})

/** Spreads clients over the processes, lets all of them work at once, and adds up what they say. */
async function letWork(clients: number, job: Omit<Job, 'clients'>): Promise<JobResult> {
  const numbers = Array.from({ length: clients }, (_, number) => number)
  const results = processes.map(async (child, index) => {
    const answered = once(child, 'message')
    child.send({ ...job, clients: numbers.filter((number) => number % PROCESSES === index) } satisfies Job)
    const [result] = (await answered) as [JobResult]
    return result
  })
  const total = { acknowledged: 0, maybeWritten: 0, failures: [] as string[] }
  for (const { acknowledged, maybeWritten, failures } of await Promise.all(results)) {
    total.acknowledged += acknowledged
    total.maybeWritten += maybeWritten
    total.failures.push(...failures)
  }
  return total
}

onEachEngine(`${PROCESSES} processes that change one session`, (engine) => {
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let tableName: string

  beforeEach(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    tableName = uniqueTableName()
    await makeTable(direct, tableName)
  })
  afterEach(async () => {
    direct.destroy()
    await proxy.stop()
  })

  const begin = (data: object) =>
    writeItem(direct, tableName, { session_id: { S: 's' }, data: { S: JSON.stringify(data) } })
  const end = async () => JSON.parse((await readItem(direct, tableName, 's'))?.data?.S ?? 'null')

  /** Of the writes, every tenth is lost on its way, and of every tenth the answer is. */
  function injectFaults() {
    let requests = 0
    const tenth = (which: number) => () => (which === 0 ? ++requests : requests) % 10 === which
    proxy.inject('UpdateItem', { drop: 'before' }, { times: Number.POSITIVE_INFINITY, when: tenth(0) })
    proxy.inject('UpdateItem', { drop: 'after' }, { times: Number.POSITIVE_INFINITY, when: tenth(5) })
  }

  describe.each([
    ['without faults', false],
    ['with faults', true],
  ])('%s', (_title, faulty) => {
    function letAllWork(clients: number, locking: Options, job: Pick<Job, 'within' | 'work'>): Promise<JobResult> {
      if (faulty) injectFaults()
      const endpoint = faulty ? proxy.endpoint : engine.endpoint
      return letWork(clients, { ...job, endpoint, options: { tableName, ...locking }, id: 's' })
    }

    it('count exactly under pessimistic locking, but for what may have been written', async () => {
      const clients = PROCESSES * 25
      await begin({ counter: 0 })
      const result = await letAllWork(clients, PESSIMISTIC, { within: 3_000, work: 'increment' })
      expect(result.failures).toEqual([])
      expect(result.acknowledged).toBe(clients)
      const { counter } = await end()
      expect(counter).toBeGreaterThanOrEqual(clients)
      expect(counter).toBeLessThanOrEqual(clients + result.maybeWritten)
      if (!faulty) expect(result.maybeWritten).toBe(0)
    }, 120_000)

    it('keep the key of each of 50 clients under optimistic locking', async () => {
      await begin({})
      const result = await letAllWork(50, { locking: 'optimistic' }, { within: 0, work: 'write a key of its own' })
      expect(result.failures).toEqual([])
      expect(result.acknowledged).toBe(50)
      // With faults an answer may be lost, and more saves come after it than an item keeps tokens of.
      if (!faulty) expect(result.maybeWritten).toBe(0)
      expect(await end()).toEqual(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key${n}`, n])))
    }, 120_000)
  })
})
