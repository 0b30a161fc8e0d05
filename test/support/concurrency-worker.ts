import { setTimeout as sleep } from 'node:timers/promises'
import type { Options } from '../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { Connection } from '../../runtime/dynamodb/connection.js'
import { LockLostError, LockWaitTimeoutError, SessionConflictError } from '../../runtime/errors.js'
import type { SessionData } from '../../runtime/session/item/serialize.js'
import { SessionRepository } from '../../runtime/session/session-repository.js'
import { PATIENT } from './connection.js'

/** What a process of test/slow/session/concurrency.test.ts has to do. */
export interface Job {
  readonly endpoint: string
  readonly options: Options
  readonly id: string
  readonly clients: readonly number[]
  /** All clients, here and in the other processes, begin within this time. Milliseconds. */
  readonly within: number
  readonly work: keyof typeof WORK
}

export interface JobResult {
  /** Changes that were stored, as far as their clients know. */
  readonly acknowledged: number
  /** Errors that said that the change may have been stored as well. */
  readonly maybeWritten: number
  /** Other errors, which no client should see. */
  readonly failures: readonly string[]
}

/** How often a client begins anew when it did not get the lock, or lost it. */
const TRIES = 5

const WORK = {
  increment: ({ counter }: SessionData) => ({ counter: Number(counter) + 1 }),
  'write a key of its own': (data: SessionData, client: number) => ({ ...data, [`key${client}`]: client }),
}

process.on('message', (job: Job) => {
  carryOut(job).then(
    (result) => process.send?.(result),
    (error) => process.send?.({ acknowledged: 0, maybeWritten: 0, failures: [String(error)] } satisfies JobResult),
  )
})

process.send?.('ready')

async function carryOut(job: Job): Promise<JobResult> {
  const result = { acknowledged: 0, maybeWritten: 0, failures: [] as string[] }
  const settled = await Promise.allSettled(job.clients.map((client) => run(client, job, result)))
  for (const outcome of settled) if (outcome.status === 'rejected') result.failures.push(String(outcome.reason))
  return result
}

/** Each client has connections and a retry quota of its own, as if it were a process of its own. */
async function run(client: number, { endpoint, options, id, within, work }: Job, result: Counts): Promise<void> {
  const configuration = resolveConfiguration({ endpoint, region: 'us-east-1', maxAttempts: 10, ...PATIENT, ...options })
  const connection = new Connection(configuration)
  const sessions = new SessionRepository(configuration, connection)
  try {
    await sleep(Math.random() * within)
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await change(sessions, id, (data) => WORK[work](data, client), result)) return
    }
    throw new Error(`client ${client} did not succeed in ${TRIES} tries`)
  } finally {
    connection.close()
  }
}

type Counts = { acknowledged: number; maybeWritten: number }

/** What a request does; false where it has to begin anew. */
async function change(
  sessions: SessionRepository,
  id: string,
  work: (data: SessionData) => SessionData,
  result: Counts,
): Promise<boolean> {
  try {
    const record = await sessions.findForChange(id)
    if (!record) throw new Error('the session is gone')
    const written = await sessions.update(record, work(record.data))
    if (!written) throw new Error('the session was gone when it was saved')
    result.acknowledged += 1
    return true
  } catch (error) {
    const isUnknown = (error instanceof LockLostError || error instanceof SessionConflictError) && error.maybeWritten
    if (isUnknown) result.maybeWritten += 1
    else if (!(error instanceof LockLostError || error instanceof LockWaitTimeoutError)) throw error
    return false
  }
}
