import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { TableRequestError } from '../errors.js'

/** The facts of an error of the AWS SDK, of the network or of Node's TLS. */
export interface Facts {
  readonly name: string
  readonly message: string
  /** The code of a system error, such as `ECONNREFUSED`; else empty. */
  readonly code: string
  /** The HTTP status; 0 when there was no response. */
  readonly status: number
  /** The host of the request, if the error names it. */
  readonly host: string | undefined
}

/** Names of errors for too many requests. The list is the SDK's. */
export const THROTTLING = [
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]
/** Names of errors for a request that took too long. The list is the SDK's. */
export const TIMEOUT_NAMES = ['TimeoutError', 'RequestTimeout', 'RequestTimeoutException']
export const TIMEOUT_CODES = ['ETIMEDOUT', 'ESOCKETTIMEDOUT']
export const DENIED = ['AccessDeniedException', 'AccessDenied', 'NotAuthorized']
export const NOT_FOUND = ['ENOTFOUND', 'EAI_AGAIN']
/** Codes of connections that failed to open, or that broke. */
export const NETWORK = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', ...NOT_FOUND]

const TRANSIENT_CODES = [...NETWORK, ...TIMEOUT_CODES, 'ECONNABORTED']
const TRANSIENT_NAMES = [
  ...THROTTLING,
  ...TIMEOUT_NAMES,
  'InternalServerError',
  'InternalServerErrorException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
]

/** Whether the error, or the cause of a {@link TableRequestError}, has one of these names. */
export function isAwsError(error: unknown, ...names: readonly string[]): boolean {
  return names.includes(factsOf(error).name)
}

/** Whether DynamoDB refused a write because its condition failed. The error may come from any copy of the SDK. */
export function isConditionFailed(error: unknown): error is Error & { readonly Item?: Item; $metadata: Metadata } {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException'
}

type Item = Readonly<Record<string, AttributeValue>>
interface Metadata {
  readonly attempts?: number
}

/**
 * Whether the same request may succeed later. Stores, cleaning and work on tables decide by this function. A transport
 * repeats by the SDK's own rules instead (lean/retries.ts), so that both transports behave alike.
 */
export function isTransient(error: unknown): boolean {
  const { name, code, status } = factsOf(error)
  return (
    TRANSIENT_NAMES.includes(name) ||
    TRANSIENT_CODES.includes(code) ||
    status === TOO_MANY_REQUESTS ||
    status >= 500 ||
    (name === 'UnreadableAnswerError' && status < 400) ||
    name === 'EncryptionKeyError'
  )
}

export function isThrottling(error: unknown): boolean {
  const { name, status } = factsOf(error)
  return THROTTLING.includes(name) || status === TOO_MANY_REQUESTS
}

const TOO_MANY_REQUESTS = 429

/** Whether no response, or no connection, came in time. The SDK also calls a broken connection a `TimeoutError`. */
export function isTimeout(error: unknown): boolean {
  const { name, code } = factsOf(error)
  return TIMEOUT_CODES.includes(code) || (name === 'TimeoutError' && !NETWORK.includes(code))
}

/** Whether the reason for the error affects every request for the table, not only this one. */
export function hitsAnyRequest(error: unknown): boolean {
  return isThrottling(error) || isAwsError(error, 'ResourceNotFoundException')
}

/** The facts of an error; of the cause of a {@link TableRequestError}, and of the first of several errors. */
export function factsOf(error: unknown): Facts {
  if (error instanceof TableRequestError && error.cause !== undefined) return factsOf(error.cause)
  if (error instanceof AggregateError && error.errors.length > 0) return factsOf(error.errors[0])
  const { name, message, code, $metadata, hostname, address, port } = (error ?? {}) as Record<string, unknown>
  const host = hostname ?? (address && port ? `${address}:${port}` : undefined)
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : String(error),
    code: typeof code === 'string' ? code : '',
    status: ($metadata as { httpStatusCode?: number } | undefined)?.httpStatusCode ?? 0,
    host: typeof host === 'string' ? host : undefined,
  }
}
