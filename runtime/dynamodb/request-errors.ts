import { RequestTimeoutError, UnreadableAnswerError } from '../errors.js'
import type { Input, Operation } from './operations.js'

/**
 * The error for a request that reached its deadline.
 *
 * @param milliseconds the value of `request_timeout`
 * @param wasSent false: the request only waited for a connection or for credentials
 */
export function requestTimedOut(
  operation: Operation,
  input: Input,
  milliseconds: number,
  wasSent = true,
): RequestTimeoutError {
  const maybeWritten = wasSent && isWrite(operation)
  const text =
    `${nameOf(operation, input)} was not finished within ${milliseconds} ms (request_timeout). ` +
    `Check the connection to DynamoDB, or raise request_timeout.${maybeWritten ? UNKNOWN_OUTCOME : ''}`
  return new RequestTimeoutError(text, maybeWritten)
}

/** The error for one attempt that took too long, as the SDK's request handler makes it. */
export function timeoutError(text: string): Error {
  return Object.assign(new Error(text), { name: 'TimeoutError', code: 'ETIMEDOUT' })
}

/**
 * The error for a response that is not DynamoDB's. Both transports repeat the request, because the error has the SDK's mark
 * `$retryable`.
 */
export function unreadableResponse(
  operation: Operation,
  input: Input,
  status: number,
  problem = 'it is not JSON',
): UnreadableAnswerError {
  const maybeWritten = isWrite(operation)
  const text =
    `The response to ${nameOf(operation, input)} is not DynamoDB's: ${problem}${status ? ` (HTTP status ${status})` : ''}. ` +
    `Look for a proxy, firewall or VPC endpoint in between.${maybeWritten ? UNKNOWN_OUTCOME : ''}`
  return Object.defineProperties(new UnreadableAnswerError(text, status, maybeWritten), {
    $retryable: { value: {} },
    $metadata: { value: { httpStatusCode: status }, writable: true },
  })
}

/** Removes parts of the response from an error. A parser's error, which quotes the response, becomes UnreadableAnswerError. */
export function withoutResponse(error: unknown, operation: Operation, input: Input): unknown {
  // Node's HTTP parser adds the bytes that it could not read.
  if (error instanceof Error && 'rawPacket' in error) delete error.rawPacket
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  return name === 'SyntaxError' && status !== undefined ? unreadableResponse(operation, input, status) : error
}

const UNKNOWN_OUTCOME = ' Whether the request was carried out is not known.'

const READS: readonly Operation[] = ['BatchGetItem', 'GetItem', 'Query', 'Scan']

function isWrite(operation: Operation): boolean {
  return !READS.includes(operation)
}

/** `GetItem for the table "sessions"` */
function nameOf(operation: Operation, input: Input): string {
  const one = 'TableName' in input && input.TableName
  const table = 'RequestItems' in input ? Object.keys(input.RequestItems ?? {}).join(', ') : one
  return table ? `${operation} for the table "${table}"` : operation
}
