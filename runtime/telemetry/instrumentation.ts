import { AsyncLocalStorage } from 'node:async_hooks'
import type { TracingChannel } from 'node:diagnostics_channel'
import type {
  Attributes,
  Context,
  SpanKind as Kind,
  Meter,
  MeterProvider,
  Span,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api'
import { context, metrics, SpanKind, SpanStatusCode, trace } from '#@opentelemetry/api'
import { monotonic } from '../async/clock.js'
import {
  type ErrorFacts,
  NOTES,
  OPERATIONS,
  REQUESTS,
  type RequestMessage,
  type SessionMessage,
  type SessionNote,
} from '../session/channels.js'
import { VERSION } from '../version.js'
import * as names from './conventions.js'

export interface InstrumentationConfig {
  /** @default true */
  readonly enabled?: boolean
}

/** The span of a message whose work is running. */
interface Running {
  readonly span: Span
  readonly active: Context
  readonly start: number
}

/** How the messages of a tracing channel become spans. */
interface Shown<Message> {
  readonly channel: TracingChannel<unknown, Message & object>
  readonly start: (message: Message) => {
    readonly name: string
    readonly kind: Kind
    readonly attributes: Attributes
  }
  /** Gives the attributes that are known at the end, and records the metrics. */
  readonly end: (message: Message, seconds: number, active: Context) => Attributes
}

const NAME = 'dynamo-session-store'

/**
 * Makes spans and metrics of OpenTelemetry from the channels of this package. Works with every transport, and reads stay
 * batched. Neither session ids nor data leave the process.
 *
 * docs/observability.md lists the spans and metrics.
 *
 * @example
 * ```ts
 * import { NodeSDK } from '@opentelemetry/sdk-node'
 * import { DynamoSessionInstrumentation } from 'dynamo-session-store/opentelemetry'
 *
 * new NodeSDK({ instrumentations: [new DynamoSessionInstrumentation()] }).start()
 * ```
 */
export class DynamoSessionInstrumentation {
  readonly instrumentationName = NAME
  readonly instrumentationVersion = VERSION
  #config: InstrumentationConfig = { enabled: true }
  #tracer: Tracer = trace.getTracer(NAME, VERSION)
  #instruments = instrumentsOf(metrics.getMeter(NAME, VERSION))
  readonly #running = new WeakMap<object, Running>()
  /** Ends the subscriptions. */
  #stop: readonly (() => void)[] = []

  /** @param config `enabled: false` waits for {@link enable} */
  constructor(config: InstrumentationConfig = {}) {
    this.setConfig(config)
    if (this.#config.enabled) this.enable()
  }

  /** Begins to listen. */
  enable(): void {
    if (this.#stop.length > 0) return
    const sessions = Object.entries(OPERATIONS).map(([operation, channel]) =>
      this.#show({
        channel,
        start: (message) => ({
          name: `dynamo_session.${operation}`,
          kind: SpanKind.INTERNAL,
          attributes: startOf(operation, message),
        }),
        end: (message, seconds, active) => this.#endSession(operation, message, seconds, active),
      }),
    )
    const requests = this.#show<RequestMessage>({
      channel: REQUESTS,
      start: ({ operation, table, batchSize }) => ({
        name: `${operation} ${table}`,
        kind: SpanKind.CLIENT,
        attributes: {
          ...placeOf(operation, table),
          [names.AWS_DYNAMODB_TABLE_NAMES]: [table],
          [names.DB_OPERATION_BATCH_SIZE]: batchSize !== undefined && batchSize > 1 ? batchSize : undefined,
        },
      }),
      end: (message, seconds, active) => this.#endRequest(message, seconds, active),
    })
    const notes = Object.entries(NOTES).map(([event, channel]) => {
      const count = (note: unknown) => {
        const { adapter } = note as Partial<SessionNote>
        this.#instruments.events.add(1, { [names.SESSION_EVENT]: event, [names.SESSION_ADAPTER]: adapter })
      }
      channel.subscribe(count)
      return () => void channel.unsubscribe(count)
    })
    this.#stop = [...sessions, requests, ...notes]
  }

  /** Stops listening. Running spans are not ended. */
  disable(): void {
    for (const stop of this.#stop) stop()
    this.#stop = []
  }

  /** @param provider default: the global one */
  setTracerProvider(provider: TracerProvider): void {
    this.#tracer = provider.getTracer(NAME, VERSION)
  }

  /** @param provider default: the global one at the time when the instrumentation was created */
  setMeterProvider(provider: MeterProvider): void {
    this.#instruments = instrumentsOf(provider.getMeter(NAME, VERSION))
  }

  setConfig(config: InstrumentationConfig): void {
    this.#config = { enabled: true, ...config }
  }

  getConfig(): InstrumentationConfig {
    return this.#config
  }

  /** Makes a span of each message, which is active during the message's work. Returns a function that stops this. */
  #show<Message extends object & { error?: ErrorFacts }>({ channel, start, end }: Shown<Message>): () => void {
    const store = new ActiveContext()
    const startSpan = (message: Message): Context => {
      const parent = context.active()
      const { name, ...options } = start(message)
      const span = this.#tracer.startSpan(name, options, parent)
      const active = trace.setSpan(parent, span)
      this.#running.set(message, { span, active, start: monotonic() })
      return active
    }
    const endSpan = (message: unknown): void => {
      const running = this.#running.get(message as object)
      if (!running) return
      const { span, active } = running
      const { error } = message as Message
      span.setAttributes(end(message as Message, (monotonic() - running.start) / 1000, active))
      if (error) span.setAttribute(names.ERROR_TYPE, error.name).setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    }
    channel.start.bindStore(store as AsyncLocalStorage<unknown>, startSpan)
    channel.asyncEnd.subscribe(endSpan)
    return () => {
      channel.start.unbindStore(store as AsyncLocalStorage<unknown>)
      channel.asyncEnd.unsubscribe(endSpan)
    }
  }

  #endSession(operation: string, message: SessionMessage, seconds: number, active: Context): Attributes {
    const { adapter, outcome, error, attempts, mergedReads, bytes, consumedCapacity, lockWait } = message
    const { duration, lock, size } = this.#instruments
    const kind = { [names.SESSION_OPERATION]: operation, [names.SESSION_ADAPTER]: adapter }
    const end = { [names.SESSION_OUTCOME]: outcome, [names.ERROR_TYPE]: error?.name }
    const wait = lockWait === undefined ? undefined : lockWait / 1000
    duration.record(seconds, { ...kind, ...end }, active)
    if (bytes !== undefined) size.record(bytes, kind, active)
    if (operation === 'lock') lock.record(wait ?? 0, { [names.SESSION_ADAPTER]: adapter, ...end }, active)
    return {
      [names.SESSION_OUTCOME]: outcome,
      [names.SESSION_ID_HASH]: message.sessionIdHash,
      [names.SESSION_ATTEMPTS]: attempts,
      [names.SESSION_MERGED_READS]: mergedReads,
      [names.SESSION_BYTES]: bytes,
      [names.SESSION_CONSUMED_CAPACITY]: consumedCapacity,
      [names.SESSION_LOCK_WAIT]: wait,
    }
  }

  #endRequest(message: RequestMessage, seconds: number, active: Context): Attributes {
    const { operation, table, outcome, error, attempts, mergedReads, consumedCapacity, requestId } = message
    const { requests, capacity } = this.#instruments
    const place = placeOf(operation, table)
    requests.record(seconds, { ...place, [names.ERROR_TYPE]: error?.name }, active)
    if (consumedCapacity !== undefined) capacity.add(consumedCapacity, place, active)
    const consumed = { TableName: table, CapacityUnits: consumedCapacity }
    return {
      [names.DB_RESPONSE_STATUS_CODE]: outcome === 'refused' ? 'ConditionalCheckFailedException' : error?.name,
      [names.AWS_REQUEST_ID]: requestId,
      [names.AWS_DYNAMODB_CONSUMED_CAPACITY]: consumedCapacity === undefined ? undefined : [JSON.stringify(consumed)],
      [names.SESSION_ATTEMPTS]: attempts,
      [names.SESSION_MERGED_READS]: mergedReads,
    }
  }
}

/**
 * Makes a context active with OpenTelemetry's own manager, while a channel runs its work. A channel only takes an
 * AsyncLocalStorage, and OpenTelemetry does not expose its own (open-telemetry/opentelemetry-js#6088).
 */
class ActiveContext extends AsyncLocalStorage<Context> {
  override run<Result, Args extends unknown[]>(
    active: Context,
    work: (...args: Args) => Result,
    ...args: Args
  ): Result {
    return context.with(active, work, undefined, ...args)
  }
}

function startOf(operation: string, { adapter }: SessionMessage): Attributes {
  return { [names.SESSION_OPERATION]: operation, [names.SESSION_ADAPTER]: adapter }
}

function placeOf(operation: string, table: string): Attributes {
  return {
    [names.DB_SYSTEM_NAME]: names.DYNAMODB,
    [names.DB_OPERATION_NAME]: operation,
    [names.DB_COLLECTION_NAME]: table,
  }
}

function instrumentsOf(meter: Meter) {
  const advice = { explicitBucketBoundaries: [...names.DURATION_BOUNDARIES] }
  return {
    requests: meter.createHistogram(names.DB_CLIENT_OPERATION_DURATION, {
      description: 'Duration of database client operations.',
      unit: 's',
      advice,
    }),
    duration: meter.createHistogram(names.SESSION_OPERATION_DURATION, {
      description: 'Duration of operations on sessions, with all their requests and waits.',
      unit: 's',
      advice,
    }),
    lock: meter.createHistogram(names.SESSION_LOCK_WAIT_DURATION, {
      description: 'How long other requests held the lock of a session.',
      unit: 's',
      advice,
    }),
    size: meter.createHistogram(names.SESSION_SIZE, {
      description: 'Size of the attributes that were read or written for a session.',
      unit: 'By',
      advice: { explicitBucketBoundaries: [128, 512, 1024, 2048, 4096, 8192, 16384, 65536, 262144, 409600] },
    }),
    capacity: meter.createCounter(names.SESSION_CAPACITY, {
      description: 'Capacity units that requests for sessions consumed.',
      unit: '{unit}',
    }),
    events: meter.createCounter(names.SESSION_EVENTS, {
      description:
        'Conflicts, unread sessions, expired reads, forged ids, evictions, lost locks and pauses of batching.',
      unit: '{event}',
    }),
  }
}
