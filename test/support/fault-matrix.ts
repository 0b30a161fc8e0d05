import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { expect } from 'vitest'
import type { Options } from '../../runtime/configuration/options.js'
import type { Engine } from './engines.js'
import { type Fault, type FaultOptions, type FaultProxy, startFaultProxy } from './fault-proxy.js'
import { requestTimeout } from './request-timeouts.js'
import { readItem, writeItem } from './table.js'

/** A row of the matrix: what befalls a request. */
export interface FaultRow {
  readonly name: string
  readonly fault: Fault
  /** Whether the engine carries the request out all the same. */
  readonly applied: boolean
  /** Whether the SDK repeats the request, so that a fault that passes is not noticed. */
  readonly repeated: boolean
  /** Whether the reason is not the application's (docs/design/failures.md). */
  readonly passing: boolean
  /** What the caller gets when it lasts, as `toMatchObject` wants it. */
  readonly error: Readonly<Record<string, unknown>>
}

const DENIED = 'User: arn:aws:iam::1:user/app is not authorized to perform this action on the table'
const CREATE = 'npx dynamo-session create-table'

const repeated = { applied: false, repeated: true, passing: true }
const unreadable = { repeated: true, passing: true, error: { name: 'UnreadableAnswerError', status: 200 } }
const raised = { applied: false, repeated: false, passing: false }

const THROTTLED = 'ProvisionedThroughputExceededException'
const RESET = { code: 'ECONNRESET' }
const TIMEOUT = { name: 'TimeoutError' }

export const FAULTS: readonly FaultRow[] = [
  { ...repeated, name: 'throttle', fault: { error: THROTTLED }, error: { name: THROTTLED } },
  {
    ...repeated,
    name: '500',
    fault: { error: 'InternalServerError', status: 500 },
    error: { name: 'InternalServerError' },
  },
  { ...repeated, name: 'reset before applying', fault: { drop: 'before' }, error: RESET },
  { ...repeated, name: 'reset after applying', fault: { drop: 'after' }, applied: true, error: RESET },
  { ...repeated, name: 'timeout before applying', fault: { hang: 'before' }, error: TIMEOUT },
  { ...repeated, name: 'timeout after applying', fault: { hang: 'after' }, applied: true, error: TIMEOUT },
  { ...unreadable, name: 'garbage body before applying', fault: { garbage: 'before' }, applied: false },
  { ...unreadable, name: 'garbage body after applying', fault: { garbage: 'after' }, applied: true },
  {
    ...raised,
    name: 'AccessDenied',
    fault: { error: 'AccessDeniedException', message: DENIED },
    error: { name: 'AccessDeniedException', message: DENIED },
  },
  {
    ...raised,
    name: 'table missing',
    fault: { error: 'ResourceNotFoundException', message: 'Cannot do operations on a non-existent table' },
    error: { name: 'TableMissingError', message: expect.stringContaining(CREATE) },
  },
]

/** The client gives up, and its repeat succeeds, before the first attempt reaches the engine: with `overtaken`. */
export const OVERTAKEN: FaultRow = { ...repeated, name: 'overtaken', fault: { delay: 0 }, error: TIMEOUT }

/** One field of the matrix: a session id of its own in a table that many share, behind a proxy of its own. */
export interface Cell {
  readonly id: string
  /** Lead through the proxy. */
  readonly options: Options
  readonly proxy: FaultProxy
  /** Lets the fault begin. */
  strike(operation: string, options?: FaultOptions): void
  /** Lets the request reach the engine that the client gave up, and waits until it did. */
  overtaken(): Promise<void>
  item(): ReturnType<typeof readItem>
  put(attributes: Parameters<typeof writeItem>[2]): Promise<void>
  end(): Promise<void>
}

/** How often a request of these tests is sent at most. */
export const MOST_ATTEMPTS = { once: 3, always: 2 }

export async function startCell(
  engine: Engine,
  direct: DynamoDBClient,
  table: string,
  row: FaultRow,
  lasts: keyof typeof MOST_ATTEMPTS,
): Promise<Cell> {
  const proxy = await startFaultProxy(engine.endpoint)
  const id = `secret-id-${Math.random().toString(36).slice(2)}`
  const timeout = requestTimeout()
  const runOut = async () => timeout.runOut()
  let letThrough = () => {}
  const repeated = new Promise<void>((resolve) => {
    letThrough = resolve
  })
  const delay = () => {
    timeout.runOut()
    return repeated
  }
  const options = {
    endpoint: proxy.endpoint,
    region: 'us-east-1',
    maxAttempts: MOST_ATTEMPTS[lasts],
    attemptTimeout: timeout.milliseconds,
    requestTimeout: 10 * timeout.milliseconds,
  }
  return {
    id,
    options,
    proxy,
    strike(operation, options) {
      const times = lasts === 'once' ? 1 : Number.POSITIVE_INFINITY
      if (row === OVERTAKEN) proxy.inject(operation, { delay })
      else {
        const meanwhile = 'hang' in row.fault ? runOut : undefined
        proxy.inject(operation, row.fault, { times, meanwhile, ...options })
      }
    },
    item: () => readItem(direct, table, id),
    put: (attributes) => writeItem(direct, table, { session_id: { S: id }, ...attributes }),
    async overtaken() {
      letThrough()
      await proxy.quiet()
    },
    async end() {
      letThrough()
      timeout.end()
      await proxy.stop()
    },
  }
}

/** What no error may show (invariant 7). */
export function expectNoSecrets(errors: readonly unknown[]): void {
  const text = errors.map((error) => `${inspect(error, { depth: 10 })} ${JSON.stringify(error)}`).join()
  expect(text).not.toMatch(/secret-(id|data)/)
}

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

/** Waits until nothing of what was started can be left over, and looks for rejections that nobody took (invariant 6). */
export async function expectNoUnhandledRejection(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn()
  expect(rejections).toEqual([])
}
