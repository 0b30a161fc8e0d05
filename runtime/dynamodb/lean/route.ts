import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NormalizedSchema, operation as operationSchemaOf } from '@smithy/core/schema'
import type { Believed } from '../answer-check.js'
import { COMMANDS, type Operation, type Operations } from '../transport.js'
import type { HttpRequest, HttpResponse } from './http.js'
import { answerOf, requestJson } from './json.js'
import { type Credentials, QuickSignature } from './quick-signature.js'

/**
 * How requests of one operation to one table are sent, as the SDK would send them: learnt from the SDK itself, by
 * letting a command pass through the client's own middleware up to where it would be sent.
 */
export interface Route {
  readonly identity: unknown
  /** What it was learnt with: signature, account and features of the user agent depend on it. */
  readonly credentials: Readonly<Record<string, unknown>>
  /** Without body, and without the headers that differ from request to request. */
  readonly request: HttpRequest
  readonly signer: Signer
  readonly signingProperties: Readonly<SigningProperties>
  /** Makes the signatures that the signer makes; undefined where it does not, or where the clock is not to be corrected. */
  readonly quick: QuickSignature | undefined
  /** The header `date` by which the clock's offset was set last: it says nothing new within the same second. */
  dateSeen: string | undefined
  readonly retryTokenScope: string
  serialize(input: object): Uint8Array
  /** @throws the SDK's exception for an answer that is an error */
  deserialize(response: HttpResponse, verdict: Believed | undefined): Output | Promise<Output>
}

export type Output = object & { $metadata: Metadata }

export interface SigningProperties extends Record<string, unknown> {
  readonly config?: { readonly systemClockOffset?: number }
}

export interface Metadata {
  httpStatusCode?: number
  attempts?: number
  totalRetryDelay?: number
}

/** Signs, and keeps `systemClockOffset` of the config right; the SDK's is `AwsSdkSigV4Signer`. */
export interface Signer {
  sign(request: HttpRequest, identity: unknown, properties: object): Promise<HttpRequest>
  errorHandler?(properties: object): (error: unknown) => never
  successHandler?(response: HttpResponse, properties: object): void
}

/** The middleware that is known here, in its order. With any other the SDK sends. */
const KNOWN = [
  'loggerMiddleware',
  'httpAuthSchemeMiddleware',
  'endpointV2Middleware',
  'serializerMiddleware',
  'contentLengthMiddleware',
  'getUserAgentMiddleware',
  'hostHeaderMiddleware',
  'recursionDetectionMiddleware',
  'sessionStoreRoute',
  'retryMiddleware',
  'httpSigningMiddleware',
  'deserializerMiddleware',
].join(' ')

/** The headers that are known here. Others may differ from request to request (tracing). */
const HEADERS = ['content-length', 'content-type', 'host', 'user-agent', 'x-amz-target', 'x-amz-user-agent'].join(' ')

/**
 * @returns undefined when something about it is not known here, so that the SDK has to send; `failed` when it could
 * not be looked at this time
 */
export async function learnRoute<O extends Operation>(
  client: DynamoDBClient,
  operation: O,
  input: Operations[O]['input'],
): Promise<Route | 'failed' | undefined> {
  const { config } = client
  const seen = await passThrough(client, operation, input)
  if (seen === 'failed' || !seen) return seen
  const { request, context } = seen
  const smithy = context.__smithy_context
  const scheme = smithy.selectedHttpAuthScheme
  if (!isPlain(request) || scheme?.httpAuthOption.schemeId !== 'aws.auth#sigv4') return undefined

  const [, namespace, name, traits, inputSchema, outputSchema] = smithy.operationSchema
  const schema = operationSchemaOf(namespace, name, traits, inputSchema, outputSchema)
  const protocol = config.protocol as unknown as Protocol
  const codec = protocol.getPayloadCodec()
  const serializer = codec.createSerializer()
  const written = NormalizedSchema.of(inputSchema).getSchema()
  const inputMembers = membersOf(inputSchema)
  const outputMembers = membersOf(outputSchema)
  const { identity, signer } = scheme
  const signingProperties = {
    ...scheme.httpAuthOption.signingProperties,
    config,
    ...NOTES,
  }
  const corrected = (await config.disableClockSkewCorrection?.()) !== true
  return {
    identity,
    credentials: copyOf(identity),
    request: { ...request, headers: without(request.headers, 'content-length'), body: undefined },
    signer,
    signingProperties,
    quick: corrected ? await quickSignature(request, identity, signer, signingProperties) : undefined,
    dateSeen: undefined,
    retryTokenScope: context.partition_id ?? '',
    serialize(value) {
      const json = requestJson(value, inputMembers)
      if (json !== undefined) return Buffer.from(json)
      serializer.write(written, value)
      return serializer.flush() as Uint8Array
    },
    deserialize(response, verdict) {
      const isSuccess = response.statusCode === 200 && verdict
      const answer = isSuccess ? answerOf(verdict.text, verdict.members, outputMembers) : undefined
      return answer ? withMetadata(answer, response) : protocol.deserializeResponse(schema, config, response)
    },
  }
}

function membersOf(schema: never): readonly string[] {
  return [...NormalizedSchema.of(schema).structIterator()].map(([name]) => name)
}

/** What the SDK's signer notes when it signs. They are there from the start, for copies that needn't grow are made faster. */
const NOTES = {
  _disableClockSkewCorrection: undefined,
  _skipClockSkewSampling: undefined,
  _preRequestSystemClockOffset: undefined,
  _requestSentAt: undefined,
}

/** What is used of the client's protocol; the SDK's types know it only as one of several. */
interface Protocol {
  getPayloadCodec(): { createSerializer(): { write(schema: unknown, value: unknown): void; flush(): unknown } }
  deserializeResponse(schema: object, config: object, response: object): Promise<object & { $metadata: Metadata }>
}

interface Context {
  readonly authSchemes?: readonly unknown[]
  readonly partition_id?: string
  readonly endpointV2?: { readonly properties?: { readonly authSchemes?: readonly unknown[] } }
  readonly __smithy_context: {
    readonly operationSchema: [number, string, string, never, never, never]
    readonly selectedHttpAuthScheme?: {
      readonly identity: unknown
      readonly signer: Signer
      readonly httpAuthOption: { readonly schemeId: string; readonly signingProperties?: Record<string, unknown> }
    }
  }
}

interface Seen {
  readonly request: HttpRequest
  readonly context: Context
}

/** An error here is none of the request's: the SDK, which sends then, will say what is wrong (credentials, region …). */
async function passThrough<O extends Operation>(
  client: DynamoDBClient,
  operation: O,
  input: Operations[O]['input'],
): Promise<Seen | 'failed' | undefined> {
  let seen: Seen | undefined
  const Command = COMMANDS[operation] as unknown as new (input: object) => InstanceType<typeof COMMANDS.GetItem>
  const command = new Command(input)
  command.middlewareStack.addRelativeTo(
    (_next: unknown, context: object) => async (args: { request?: unknown }) => {
      seen = { request: args.request as HttpRequest, context: context as unknown as Context }
      return { response: {}, output: { $metadata: {} } }
    },
    { name: 'sessionStoreRoute', relation: 'before', toMiddleware: 'retryMiddleware' },
  )
  try {
    const handler = command.resolveMiddleware(client.middlewareStack as never, client.config as never, {})
    const whole = client.middlewareStack.concat(command.middlewareStack as never)
    if (whole.identify().map(nameOf).join(' ') !== KNOWN) return undefined
    await handler(command)
  } catch {
    return 'failed'
  }
  return seen
}

/** `httpSigningMiddleware (a.k.a. tokenMiddleware) - finalizeRequest` → `httpSigningMiddleware` */
function nameOf(identified: string): string {
  return identified.replace(/ .*$/, '')
}

/** What a client's request looks like that has nothing unusual in its endpoint and headers. */
function isPlain({ method, query, username, password, fragment, headers }: HttpRequest): boolean {
  if (method !== 'POST' || Object.keys(query ?? {}).length > 0) return false
  if (username !== undefined || password !== undefined || fragment !== undefined) return false
  return (
    headers['content-type'] === 'application/x-amz-json-1.0' && Object.keys(headers).toSorted().join(' ') === HEADERS
  )
}

/** A signature that gives, for a request of this route, exactly what the SDK's signer gives; undefined if none does. */
async function quickSignature(
  { headers, body, ...request }: HttpRequest,
  identity: unknown,
  signer: Signer,
  signingProperties: object,
): Promise<QuickSignature | undefined> {
  if (!isCredentials(identity) || !(body instanceof Uint8Array)) return undefined
  const marks = { 'amz-sdk-invocation-id': randomUUID(), 'amz-sdk-request': 'attempt=1; max=3' }
  const unsigned = { ...request, headers: { ...headers, ...marks }, body }
  const signed = await signer.sign(unsigned, identity, { ...signingProperties })
  const time = signed.headers['x-amz-date']?.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5') ?? ''
  const [, region = '', service = ''] = /\/\d{8}\/([^/]+)\/([^/]+)\//.exec(signed.headers.authorization ?? '') ?? []
  if (Number.isNaN(Date.parse(time))) return undefined
  const same = { path: request.path, headers: without(headers, 'content-length') }
  const quick = new QuickSignature({ ...identity }, { region, service }, same, Object.keys(marks))
  return isDeepStrictEqual(quick.sign(body, marks, Date.parse(time)), { ...signed.headers }) ? quick : undefined
}

function without(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name))
}

/** As `deserializeMetadata` of `@smithy/core/protocols` finds it. */
function withMetadata(answer: object, { statusCode, headers }: HttpResponse): Output {
  const $metadata = {
    httpStatusCode: statusCode,
    requestId: headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'],
    extendedRequestId: headers['x-amz-id-2'],
    cfId: headers['x-amz-cf-id'],
  }
  return Object.assign(answer, { $metadata })
}

const CREDENTIALS = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'accountId']

/** Whether these are the credentials; some providers renew the object that they gave before. */
export function isOf(credentials: Route['credentials'], identity: unknown): boolean {
  const now = identity as Readonly<Record<string, unknown>>
  for (const name of CREDENTIALS) if (credentials[name] !== now[name]) return false
  return true
}

function copyOf(identity: unknown): Record<string, unknown> {
  return Object.fromEntries(CREDENTIALS.map((name) => [name, (identity as Record<string, unknown>)[name]]))
}

function isCredentials(identity: unknown): identity is Credentials {
  const { accessKeyId, secretAccessKey } = identity as Partial<Credentials>
  return typeof accessKeyId === 'string' && typeof secretAccessKey === 'string'
}
