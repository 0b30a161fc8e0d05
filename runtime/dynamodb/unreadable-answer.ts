import { UnreadableAnswerError } from '../errors.js'
import { type Input, isWrite, type Operation, tableOf } from './operations.js'

/** The error for an answer that is not DynamoDB's. Retry strategies of the SDK take it for that of a lost answer. */
export function unreadableAnswer(
  operation: Operation,
  input: Input,
  status: number,
  problem = 'it is not JSON',
): UnreadableAnswerError {
  const maybeWritten = isWrite(operation)
  const table = tableOf(input)
  const text =
    `The answer to ${operation}${table ? ` for the table "${table}"` : ''} is not DynamoDB's: ${problem}` +
    `${status ? ` (HTTP status ${status})` : ''}; look for something in between (proxy, firewall, VPC endpoint).` +
    (maybeWritten ? ' Whether the request was carried out is not known.' : '')
  return Object.defineProperties(new UnreadableAnswerError(text, status, maybeWritten), {
    $retryable: { value: {} },
    $metadata: { value: { httpStatusCode: status }, writable: true },
  })
}

/** An error of the SDK, or, where that quotes an answer that it could not parse, ours in its place. */
export function withoutAnswer(error: unknown, operation: Operation, input: Input): unknown {
  // Node's parser shows what it could not read.
  if (error instanceof Error && 'rawPacket' in error) delete error.rawPacket
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  return name === 'SyntaxError' && status !== undefined ? unreadableAnswer(operation, input, status) : error
}
