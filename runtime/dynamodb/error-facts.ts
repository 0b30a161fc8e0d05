import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { TableRequestError } from '../errors.js'

/** What an error of the AWS SDK, of the network or of Node's TLS says about itself. */
export interface Facts {
  readonly name: string
  readonly message: string
  /** Of a system error, as `ECONNREFUSED`; else empty. */
  readonly code: string
  /** HTTP; 0 when there was no answer. */
  readonly status: number
  /** The host that was meant, where the error tells. */
  readonly host: string | undefined
}

/** Names of AWS's errors for too many requests. */
export const THROTTLING = [
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
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
]
export const DENIED = ['AccessDeniedException', 'AccessDenied', 'NotAuthorized']
export const TIMEOUT = ['ETIMEDOUT', 'ESOCKETTIMEDOUT']
export const NOT_FOUND = ['ENOTFOUND', 'EAI_AGAIN']
/** Codes of connections that failed to open, or that broke. */
export const NETWORK = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', ...NOT_FOUND]

/** Whether it is one of these errors of DynamoDB, by itself or as the cause of a {@link TableRequestError}. */
export function isAwsError(error: unknown, ...names: readonly string[]): boolean {
  return names.includes(factsOf(error).name)
}

/** Whether DynamoDB refused a write because its condition failed. The error may be of any copy of the SDK. */
export function isConditionFailed(error: unknown): error is Error & { readonly Item?: Item; $metadata: Metadata } {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException'
}

type Item = Readonly<Record<string, AttributeValue>>
interface Metadata {
  readonly attempts?: number
}

/** Whether the same request may succeed a little later: throttling, network, a fault inside AWS. */
export function isTransient(error: unknown): boolean {
  const { code, status } = factsOf(error)
  return isThrottling(error) || isTimeout(error) || status >= 500 || NETWORK.includes(code)
}

export function isThrottling(error: unknown): boolean {
  const { name, status } = factsOf(error)
  return THROTTLING.includes(name) || status === 429
}

/** Whether no answer, or no connection, came in time. The SDK gives the name to broken connections as well. */
export function isTimeout(error: unknown): boolean {
  const { name, code } = factsOf(error)
  return TIMEOUT.includes(code) || (name === 'TimeoutError' && !NETWORK.includes(code))
}

/** Whether DynamoDB would have refused any other request for the table likewise at that moment. */
export function hitsAnyRequest(error: unknown): boolean {
  return isThrottling(error) || isAwsError(error, 'ResourceNotFoundException')
}

/** An error of ours stands for its cause, several for the first of them. */
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
