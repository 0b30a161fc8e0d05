import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import * as stable from '@opentelemetry/semantic-conventions'
import * as incubating from '@opentelemetry/semantic-conventions/incubating'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { DynamoSessionStore } from '../../../runtime/express.js'
import type { Options } from '../../../runtime/index.js'
import { DynamoSessionInstrumentation } from '../../../runtime/opentelemetry.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import * as names from '../../../runtime/telemetry/conventions.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { makeTable, writeItem } from '../../support/table.js'

const IDS = ['the-id-of-ada', 'the-id-of-eve', 'the-id-of-bob']
const [ID = ''] = IDS

it('copies the names of the conventions correctly', () => {
  const known = new Set<unknown>(Object.values({ ...stable, ...incubating }))
  const own = Object.values(names).filter((name) => typeof name === 'string' && !name.startsWith('dynamo_session.'))
  expect(own).toHaveLength(11)
  expect(own.filter((name) => !known.has(name))).toEqual([])
})

onEachEngine('OpenTelemetry', (engine) => {
  const tableName = uniqueTableName()
  const spans = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const metrics = new InMemoryMetricExporter(AggregationTemporality.DELTA)
  const meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: metrics })] })
  const tracer = tracerProvider.getTracer('the application')
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let store: DynamoSessionStore
  let stop: () => void

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    await makeTable(direct, tableName)
    for (const id of IDS) {
      await writeItem(direct, tableName, { session_id: { S: id }, data: { S: '{"user":"a countess"}' } })
    }
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  beforeEach(async () => {
    stop = registerInstrumentations({
      instrumentations: [new DynamoSessionInstrumentation()],
      tracerProvider,
      meterProvider,
    })
    store = new DynamoSessionStore(reaching())
    await store.get('nobody')
    await meterProvider.forceFlush()
    for (const exporter of [spans, metrics]) exporter.reset()
    proxy.reset()
  })
  afterEach(async () => {
    stop()
    await store.close()
    proxy.reset()
  })
  afterAll(async () => {
    context.disable()
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
    direct.destroy()
    await proxy.stop()
  })

  const reaching = (): Options => ({
    ...engine.options(),
    endpoint: proxy.endpoint,
    tableName,
    touchInterval: 0,
    errorHandler: () => undefined,
  })
  const named = (name: string) => spans.getFinishedSpans().filter((span) => span.name === name)
  const childrenOf = (parent: ReadableSpan | undefined) =>
    spans.getFinishedSpans().filter((span) => span.parentSpanContext?.spanId === parent?.spanContext().spanId)
  const namesOf = (some: readonly ReadableSpan[]) => some.map(({ name }) => name).toSorted()
  const inSpan = <T>(work: () => Promise<T>) =>
    tracer.startActiveSpan('GET /', (span) => work().finally(() => span.end()))
  async function metric(name: string) {
    await meterProvider.forceFlush()
    const all = metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: some }) => some))
    return all.filter(({ descriptor }) => descriptor.name === name)
  }

  it('makes spans that are children of the active span, and the requests are children of them', async () => {
    await inSpan(() => store.get(ID))
    const [request] = named('GET /')
    expect(namesOf(childrenOf(request))).toEqual(['dynamo_session.load'])
    const [load] = named('dynamo_session.load')
    expect(load?.kind).toBe(SpanKind.INTERNAL)
    expect(load?.attributes).toEqual({
      'dynamo_session.operation': 'load',
      'dynamo_session.adapter': 'express',
      'dynamo_session.outcome': 'found',
      'dynamo_session.id_hash': hashSessionId(ID),
      'dynamo_session.attempts': 1,
      'dynamo_session.bytes': expect.any(Number),
      'dynamo_session.consumed_capacity': 1,
    })
    const [call, ...others] = childrenOf(load)
    expect(others).toEqual([])
    expect(call).toMatchObject({ name: `GetItem ${tableName}`, kind: SpanKind.CLIENT })
    expect(call?.attributes).toEqual({
      'db.system.name': 'aws.dynamodb',
      'db.operation.name': 'GetItem',
      'db.collection.name': tableName,
      'aws.dynamodb.table_names': [tableName],
      'aws.dynamodb.consumed_capacity': [JSON.stringify({ TableName: tableName, CapacityUnits: 1 })],
      'aws.request_id': expect.any(String),
      'dynamo_session.attempts': 1,
    })
    expect(call?.instrumentationScope).toMatchObject({ name: 'dynamo-session-store' })
  })

  it('shows reads of the same moment as one request, which stays one', async () => {
    await inSpan(() => Promise.all(IDS.map((id) => store.get(id))))
    expect(proxy.operations).toEqual(['BatchGetItem'])
    expect(named('dynamo_session.load').map(({ attributes }) => attributes['dynamo_session.merged_reads'])).toEqual([
      ...[3, 3, 3],
    ])
    const [first] = named('dynamo_session.load')
    expect(namesOf(childrenOf(named('GET /')[0]))).toEqual(Array(3).fill('dynamo_session.load'))
    expect(namesOf(childrenOf(first))).toEqual([`BatchGetItem ${tableName}`])
    expect(childrenOf(first)[0]?.attributes).toMatchObject({ 'db.operation.batch.size': 3 })
  })

  it('is not mixed up by requests at the same time', async () => {
    await Promise.all(IDS.map((id) => inSpan(() => store.get(id))))
    for (const request of named('GET /')) expect(namesOf(childrenOf(request))).toEqual(['dynamo_session.load'])
    expect(new Set(named('dynamo_session.load').map((span) => span.spanContext().traceId)).size).toBe(3)
    expect(trace.getActiveSpan()).toBeUndefined()
  })

  it('marks what failed, without the message', async () => {
    proxy.inject('UpdateItem', { error: 'AccessDeniedException', message: `not for ${ID}` })
    const session = await store.get(ID)
    await expect(store.set(ID, Object.assign(session as never, { user: 'eve' }))).rejects.toThrow()
    for (const name of ['dynamo_session.save', `UpdateItem ${tableName}`]) {
      const [span] = named(name)
      expect(span).toMatchObject({ status: { code: SpanStatusCode.ERROR }, events: [] })
      expect(span?.attributes['error.type']).toBe('AccessDeniedException')
      expect(span?.status.message).toBeUndefined()
    }
    const failed = await metric('db.client.operation.duration')
    expect(failed.flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes))).toContainEqual({
      'db.system.name': 'aws.dynamodb',
      'db.operation.name': 'UpdateItem',
      'db.collection.name': tableName,
      'error.type': 'AccessDeniedException',
    })
  })

  it('counts a refused condition as no error, because the save is merged and repeated', async () => {
    const [one, other] = [await store.get(ID), await store.get(ID)]
    await store.set(ID, Object.assign(one as never, { one: 1 }))
    await store.set(ID, Object.assign(other as never, { other: 1 }))
    const [refused] = named(`UpdateItem ${tableName}`).filter((span) => 'db.response.status_code' in span.attributes)
    expect(refused?.attributes).toMatchObject({ 'db.response.status_code': 'ConditionalCheckFailedException' })
    expect(refused?.status.code).toBe(SpanStatusCode.UNSET)
    expect(named('dynamo_session.save').at(-1)?.attributes['dynamo_session.attempts']).toBeGreaterThan(1)
  })

  it('records the metrics of the conventions and its own', async () => {
    await Promise.all(IDS.map((id) => store.get(id)))
    await store.get('x'.repeat(3000))
    const [requests] = await metric('db.client.operation.duration')
    expect(requests?.descriptor).toMatchObject({ unit: 's', type: 'HISTOGRAM' })
    expect(requests?.dataPoints).toMatchObject([
      {
        attributes: {
          'db.system.name': 'aws.dynamodb',
          'db.operation.name': 'BatchGetItem',
          'db.collection.name': tableName,
        },
        value: {
          count: 1,
          sum: expect.toSatisfy((seconds) => seconds > 0 && seconds < 60),
          buckets: { boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
        },
      },
    ])
    const [loads] = await metric('dynamo_session.operation.duration')
    const kind = { 'dynamo_session.operation': 'load', 'dynamo_session.adapter': 'express' }
    expect(loads?.dataPoints).toMatchObject([
      { attributes: { ...kind, 'dynamo_session.outcome': 'found' }, value: { count: 3 } },
      { attributes: { ...kind, 'dynamo_session.outcome': 'refused' }, value: { count: 1 } },
    ])
    const [capacity] = await metric('dynamo_session.capacity')
    expect(capacity?.dataPoints).toMatchObject([{ value: 3 }])
    const [events] = await metric('dynamo_session.events')
    expect(events?.dataPoints).toMatchObject([
      { attributes: { 'dynamo_session.event': 'forged-id', 'dynamo_session.adapter': 'express' }, value: 1 },
    ])
  })

  it('shows neither ids nor data, and no attribute session.id', async () => {
    const session = await inSpan(() => store.get(ID))
    await store.set(ID, Object.assign(session as never, { user: 'another countess' }))
    await store.destroy(ID)
    await store.get('x'.repeat(3000))
    await meterProvider.forceFlush()
    const shown = spans
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => [name, attributes, events, status])
    const text = JSON.stringify([shown, metrics.getMetrics().map(({ scopeMetrics }) => scopeMetrics)])
    expect(text).toContain(hashSessionId(ID))
    expect([ID, 'countess', '"session.id"', 'xxx'].filter((secret) => text.includes(secret))).toEqual([])
  })

  it('stops after disable()', async () => {
    stop()
    await store.get(ID)
    expect(spans.getFinishedSpans()).toEqual([])
    expect(proxy.requests[0]?.input.ReturnConsumedCapacity).toBeUndefined()
  })
})
