import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { factsOf, isConditionFailed } from '../dynamodb/error-facts.js'
import type { Operation, Operations } from '../dynamodb/operations.js'
import type { SendOptions, Transport } from '../dynamodb/transport.js'
import { hashSessionId } from './item/session-id.js'

/** The entry that the application uses. The session manager is `fetch`, also for Hono and node:http. */
export type Adapter = 'express' | 'fastify' | 'koa' | 'fetch'

/** Names an error. Its message is left out, because the message may quote a request. */
export interface ErrorFacts {
  /** Such as `ThrottlingException` or `LockLostError`. */
  readonly name: string
  /** Such as `ECONNREFUSED` or `LOCK_LOST`. */
  readonly code?: string
}

/** The figures of one operation's requests. */
export interface Figures {
  /** HTTP requests, repeated ones included. */
  attempts?: number
  /** How many reads shared one BatchGetItem. */
  mergedReads?: number
  /** Size of the attributes that were read or written. */
  bytes?: number
  /** Capacity units. If several reads shared one request, only one of them has the figure. */
  consumedCapacity?: number
  /** How long other requests held the lock, in milliseconds. */
  lockWait?: number
}

/** The message of the tracing channels `load`, `save`, `touch`, `destroy`, `lock` and `regenerate`. */
export interface SessionMessage extends Figures {
  readonly adapter?: Adapter | undefined
  /** First 16 hex digits of the id's SHA-256, computed at each access. Undefined until a new session has its id. */
  readonly sessionIdHash: string | undefined
  /** How the operation ended: docs/observability.md lists the values of each channel. Undefined after an error. */
  outcome?: string
  error?: ErrorFacts
}

/** The message of the tracing channel `request`: one request to DynamoDB for sessions. */
export interface RequestMessage extends Omit<Figures, 'bytes' | 'lockWait'> {
  /** Such as `GetItem`. */
  readonly operation: Operation
  readonly table: string
  /** The number of keys of a BatchGetItem. */
  readonly batchSize?: number | undefined
  /** `refused`: the condition of a write did not hold. Undefined after an error. */
  outcome?: 'done' | 'refused'
  requestId?: string | undefined
  error?: ErrorFacts
}

/** The message of the plain channels, except `breaker`. */
export interface SessionNote {
  readonly adapter?: Adapter | undefined
  readonly sessionIdHash: string
  /** `conflict`: how many top-level keys both requests changed. */
  readonly keyCount?: number
  /** `unread`: why the session could not be read. */
  readonly error?: ErrorFacts
}

/** The message of the plain channel `breaker`: reads are not batched for this time, because a batch failed. */
export interface BreakerNote {
  readonly operation: 'BatchGetItem'
  /** Milliseconds. */
  readonly rest: number
}

const PREFIX = 'dynamo-session-store'

const traced = <Message extends object>(name: string): TracingChannel<unknown, Message> =>
  tracingChannel<unknown, Message>(`${PREFIX}:${name}`)
const plain = (name: string): Channel => channel(`${PREFIX}:${name}`)

/** The tracing channels of sessions. */
export const OPERATIONS = {
  load: traced<SessionMessage>('load'),
  save: traced<SessionMessage>('save'),
  touch: traced<SessionMessage>('touch'),
  destroy: traced<SessionMessage>('destroy'),
  lock: traced<SessionMessage>('lock'),
  regenerate: traced<SessionMessage>('regenerate'),
}

/** The tracing channel of requests to DynamoDB. */
export const REQUESTS = traced<RequestMessage>('request')

/** The plain channels. */
export const NOTES = {
  conflict: plain('conflict'),
  unread: plain('unread'),
  'expired-read': plain('expired-read'),
  'forged-id': plain('forged-id'),
  evicted: plain('evicted'),
  'lock-lost': plain('lock-lost'),
  breaker: plain('breaker'),
}

interface End {
  readonly outcome: string
  readonly id?: string | undefined
}

/** Computes the hash only when a subscriber reads it, because a hash takes longer than the rest of the message. */
class OperationMessage implements SessionMessage {
  readonly adapter: Adapter | undefined
  // All members are declared, because V8 is faster if none is added later.
  outcome?: string
  error?: ErrorFacts
  attempts?: number
  mergedReads?: number
  bytes?: number
  consumedCapacity?: number
  lockWait?: number
  #id: string | undefined

  constructor(adapter: Adapter | undefined, id: string | undefined) {
    this.adapter = adapter
    this.#id = id
  }

  get sessionIdHash(): string | undefined {
    return this.#id === undefined ? undefined : hashSessionId(this.#id)
  }

  finish({ outcome, id }: End): void {
    this.outcome = outcome
    this.#id ??= id
  }
}

/** Publishes what happens to the sessions of one store. Without a subscriber, a call costs a few comparisons. */
export class Observer {
  readonly #adapter: Adapter | undefined

  constructor(adapter?: Adapter) {
    this.#adapter = adapter
  }

  /**
   * Does the work. While the channel has a subscriber, publishes the start and the end.
   *
   * @param id undefined if the work makes the id
   * @param work counts its requests in the message. Gets the message only while the channel has a subscriber
   * @param outcome gives the message's outcome, and the id that the work made
   */
  trace<T>(
    name: keyof typeof OPERATIONS,
    id: string | undefined,
    work: (message?: SessionMessage) => Promise<T>,
    outcome: (result: T) => End,
  ): Promise<T> {
    const operation = OPERATIONS[name]
    if (!operation.hasSubscribers) return work()
    const message = new OperationMessage(this.#adapter, id)
    const finish = (result: T) => message.finish(outcome(result))
    return trace(operation, message, () => work(message), finish)
  }

  /** @param error why the session could not be read */
  note(name: Exclude<keyof typeof NOTES, 'breaker' | 'conflict'>, id: string, error?: unknown): void {
    if (!NOTES[name].hasSubscribers) return
    const note: SessionNote = { adapter: this.#adapter, sessionIdHash: hashSessionId(String(id)) }
    NOTES[name].publish(error === undefined ? note : { ...note, error: errorFacts(error) })
  }

  /** Publishes a conflict. Leaves out the names of keys, because an application may use data as names. */
  conflict({ keys, sessionIdHash }: { readonly keys: readonly string[]; readonly sessionIdHash: string }): void {
    const note: SessionNote = { adapter: this.#adapter, sessionIdHash, keyCount: keys.length }
    if (NOTES.conflict.hasSubscribers) NOTES.conflict.publish(note)
  }
}

/** Publishes that reads are not batched for this time, in milliseconds. */
export function noteRest(rest: number): void {
  const note: BreakerNote = { operation: 'BatchGetItem', rest }
  if (NOTES.breaker.hasSubscribers) NOTES.breaker.publish(note)
}

/** A transport that counts its requests in the figures, and publishes them. */
export function observed(transport: Transport, figures: readonly Figures[]): Transport {
  return {
    isLean: transport.isLean,
    inTurn: (start) => transport.inTurn(start),
    send: (operation, input, options) => send(transport, operation, input, options, figures),
  }
}

/**
 * Sends a request. While a channel has a subscriber, asks for the consumed capacity, and publishes the request.
 *
 * @param figures those of the operations that share this request
 * @param reads how many reads share this request
 */
export function send<O extends Operation>(
  transport: Transport,
  operation: O,
  input: Operations[O]['input'],
  options: SendOptions | undefined,
  figures: readonly Figures[],
  reads = 1,
): Promise<Operations[O]['output']> {
  const isHeard = REQUESTS.hasSubscribers
  if (!isHeard && figures.length === 0) return transport.send(operation, input, options)
  if (reads > 1) for (const each of figures) each.mergedReads = reads
  // The input is changed, because no other request uses it, and because a copy would take longer than the rest.
  const asking = Object.assign(input, { ReturnConsumedCapacity: 'TOTAL' })
  if (!isHeard) return counted(transport.send(operation, asking, options), figures)
  const message: RequestMessage = { operation, ...placeOf(input), ...(reads > 1 && { mergedReads: reads }) }
  const sent = () => counted(transport.send(operation, asking, options), figures, message)
  return trace(REQUESTS, message, sent, () => {
    message.outcome = 'done'
  })
}

type Trace = { outcome?: string; error?: ErrorFacts }

/** Like Node's `tracePromise`, but never publishes the result or the error itself: both may hold session data. */
async function trace<Message extends Trace & object, T>(
  { start, end, asyncStart, asyncEnd, error: failed }: TracingChannel<unknown, Message>,
  message: Message,
  work: () => Promise<T>,
  finish: (result: T) => void,
): Promise<T> {
  try {
    const running = start.runStores(message, work)
    end.publish(message)
    const result = await running
    finish(result)
    return result
  } catch (error) {
    if (isConditionFailed(error)) message.outcome = 'refused'
    else {
      message.error = errorFacts(error)
      failed.publish(message)
    }
    throw error
  } finally {
    asyncStart.publish(message)
    asyncEnd.publish(message)
  }
}

function errorFacts(error: unknown): ErrorFacts {
  const { name, code } = factsOf(error)
  return code === '' ? { name } : { name, code }
}

/** The members with figures, in outputs and in the SDK's errors. */
interface Measured {
  readonly $metadata?: { readonly attempts?: number; readonly requestId?: string }
  readonly ConsumedCapacity?: Units | readonly Units[]
}

interface Units {
  readonly CapacityUnits?: number | undefined
}

/** Counts a request. If several operations share the request, only the first gets the consumed capacity. */
function counted<Output extends Measured>(
  running: Promise<Output>,
  figures: readonly Figures[],
  message?: RequestMessage,
): Promise<Output> {
  const count = ({ $metadata, ConsumedCapacity }: Measured) => {
    const attempts = $metadata?.attempts ?? 1
    const units = unitsOf(ConsumedCapacity)
    for (const each of figures) each.attempts = (each.attempts ?? 0) + attempts
    const [first] = figures
    if (first && units !== undefined) first.consumedCapacity = (first.consumedCapacity ?? 0) + units
    if (message) Object.assign(message, { attempts, requestId: $metadata?.requestId, consumedCapacity: units })
  }
  return running.then(
    (output) => {
      count(output)
      return output
    },
    (error) => {
      count(error)
      throw error
    },
  )
}

function unitsOf(consumed: Measured['ConsumedCapacity']): number | undefined {
  if (Array.isArray(consumed)) return consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
  return (consumed as Units | undefined)?.CapacityUnits
}

function placeOf(input: object): Pick<RequestMessage, 'table' | 'batchSize'> {
  const { TableName = '', RequestItems } = input as {
    TableName?: string
    RequestItems?: Readonly<Record<string, { readonly Keys?: readonly unknown[] }>>
  }
  if (!RequestItems) return { table: TableName }
  const [[table, batch] = ['']] = Object.entries(RequestItems)
  return { table, batchSize: batch?.Keys?.length }
}
