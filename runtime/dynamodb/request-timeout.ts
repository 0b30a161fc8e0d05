import { RequestTimeoutError } from '../errors.js'
import { type Input, isWrite, type Operation, tableOf } from './operations.js'

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
  const table = tableOf(input)
  const text =
    `${operation}${table ? ` for the table "${table}"` : ''} was not finished within ${milliseconds} ms (request_timeout). ` +
    'Check the connection to DynamoDB, or raise request_timeout.' +
    (maybeWritten ? ' Whether the request was carried out is not known.' : '')
  return new RequestTimeoutError(text, maybeWritten)
}

/** The error for one attempt that took too long, as the SDK's request handler has it. */
export function timeoutError(text: string): Error {
  return Object.assign(new Error(text), { name: 'TimeoutError', code: 'ETIMEDOUT' })
}
