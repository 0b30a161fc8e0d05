import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { traceHeadersIn } from '../../../runtime/dynamodb/trace-header.js'
import { sdkRequest } from '../../support/sdk-request.js'

/** The store of AWS Lambda's runtime, which runs each invocation. */
interface Store {
  run<T>(context: object | undefined, work: () => T): T
}

type Lambda = { awslambda?: { InvokeStore?: Store | undefined } }

const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
const NAMES = ['x-amzn-trace-id', 'traceparent', 'tracestate', 'baggage']

function traceHeaders(env: NodeJS.ProcessEnv = process.env): Record<string, string> | undefined {
  return traceHeadersIn(env)?.()
}

/** The headers that the SDK sends, by their names in lower case. */
async function sdkHeaders(): Promise<Record<string, string>> {
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' }
  const request = await sdkRequest({ region: 'eu-central-1', credentials })
  const sent = Object.entries(request?.headers ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ])
  return Object.fromEntries(sent.filter(([name]) => NAMES.includes(name)))
}

function context(values: { trace?: string; parent?: string; state?: string; baggage?: string }): object {
  return {
    [Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID')]: values.trace,
    [Symbol.for('_AWS_LAMBDA_TRACEPARENT')]: values.parent,
    [Symbol.for('_AWS_LAMBDA_TRACESTATE')]: values.state,
    [Symbol.for('_AWS_LAMBDA_BAGGAGE')]: values.baggage,
  }
}

let store: Store

beforeEach(async () => {
  for (const name of ['AWS_LAMBDA_FUNCTION_NAME', '_X_AMZN_TRACE_ID', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
  // The SDK creates the runtime's store if it does not exist, and keeps it.
  await sdkHeaders()
  const made = (globalThis as Lambda).awslambda?.InvokeStore
  if (!made) throw new Error('the SDK has made no store')
  store = made
})

afterEach(() => {
  store.run(undefined, () => {})
  vi.unstubAllEnvs()
})

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const FUNCTION = { AWS_LAMBDA_FUNCTION_NAME: 'shop' }
it.each([
  ['nothing set', {}, undefined],
  ['an empty name of the function', { AWS_LAMBDA_FUNCTION_NAME: '', _X_AMZN_TRACE_ID: TRACE }, undefined],
  ['a trace outside Lambda', { _X_AMZN_TRACE_ID: TRACE }, undefined],
  ['no trace', FUNCTION, undefined],
  ['a trace in ENV', { ...FUNCTION, _X_AMZN_TRACE_ID: TRACE }, undefined],
  ['an empty trace in ENV', { ...FUNCTION, _X_AMZN_TRACE_ID: '' }, undefined],
  ['a trace in the invoke store', FUNCTION, { trace: 'Root=1-store' }],
  ['a trace in both', { ...FUNCTION, _X_AMZN_TRACE_ID: TRACE }, { trace: 'Root=1-store' }],
  ['an empty trace in the store', { ...FUNCTION, _X_AMZN_TRACE_ID: TRACE }, { trace: '' }],
  ['a store without a trace', { ...FUNCTION, _X_AMZN_TRACE_ID: TRACE }, {}],
  ['a parent', FUNCTION, { trace: 'Root=1-store', parent: PARENT }],
  ['a parent without a trace', FUNCTION, { parent: PARENT, state: 'a=b' }],
  ['all headers', FUNCTION, { trace: 'Root=1-store', parent: PARENT, state: 'a=b', baggage: 'user=1,shop=%C3%BC' }],
  ['state and baggage without a parent', FUNCTION, { state: 'a=b', baggage: 'c=d' }],
  ['empty ones', FUNCTION, { parent: PARENT, state: '', baggage: '' }],
])('sends what the SDK sends with %s', async (_, env, values) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const sdk = await store.run(values && context(values), async () => {
    expect(traceHeaders() ?? {}).toEqual(await sdkHeaders())
    return sdkHeaders()
  })
  if (_ === 'all headers') expect(Object.keys(sdk).sort()).toEqual([...NAMES].sort())
})

it('reads the trace for each request', () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'shop')
  const made = traceHeadersIn(process.env)
  for (const trace of ['Root=1-a', 'Root=1-b']) {
    store.run(context({ trace }), () => expect(made?.()).toEqual({ 'x-amzn-trace-id': trace }))
    vi.stubEnv('_X_AMZN_TRACE_ID', `${trace}-env`)
    store.run(undefined, () => expect(made?.()).toEqual({ 'x-amzn-trace-id': `${trace}-env` }))
  }
})

it('works without an invoke store', () => {
  const lambda = (globalThis as Lambda).awslambda
  delete (globalThis as Lambda).awslambda
  try {
    const env = { ...FUNCTION, _X_AMZN_TRACE_ID: TRACE }
    expect(traceHeaders(env)).toEqual({ 'x-amzn-trace-id': TRACE })
    expect((globalThis as Lambda).awslambda).toBeUndefined()
  } finally {
    if (lambda) (globalThis as Lambda).awslambda = lambda
  }
})

it.each(['\r', '\n', '\0', 'ü', '€'])("does not send a value that a header can't hold: %j", (bad) => {
  const values = { trace: `Root=${bad}`, parent: PARENT, state: `a=${bad}`, baggage: 'c=d' }
  store.run(context(values), () => {
    expect(traceHeaders(FUNCTION)).toEqual({ traceparent: PARENT, baggage: 'c=d' })
  })
  store.run(undefined, () => {})
  expect(traceHeaders({ ...FUNCTION, _X_AMZN_TRACE_ID: `${TRACE}${bad}x: y` })).toEqual({})
})
