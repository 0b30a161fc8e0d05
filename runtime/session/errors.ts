import { ResourceNotFoundException } from '@aws-sdk/client-dynamodb'
import type { ErrorContext, ErrorHandler } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { SessionTooLargeError, TableMissingError } from '../errors.js'

/** DynamoDB's answer as the application should see it: the SDK's own error, or ours where ours says what to do. */
export function storeError(error: unknown, { tableName }: Configuration): unknown {
  if (error instanceof ResourceNotFoundException) {
    const text = `The table "${tableName}" does not exist: npx umzug up, or npx dynamo-session create-table, creates it.`
    return new TableMissingError(text, { cause: error })
  }
  if (error instanceof Error && error.name === 'ValidationException' && /item size/i.test(error.message)) {
    const text = `The session is larger than an item of DynamoDB can be; the version in the table "${tableName}" stays.`
    return new SessionTooLargeError(text, { cause: error })
  }
  return error
}

/** Names of errors that pass by themselves: "Error handling with DynamoDB" in its developer guide, and the SDK's. */
const PASSING = [
  'InternalServerError',
  'InternalServerErrorException',
  'ItemCollectionSizeLimitExceededException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TransactionInProgressException',
]

const NETWORK = ['EAI_AGAIN', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT']

/** Whether a request failed for a reason that is not the application's: throttling, the network, DynamoDB itself. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { name, code, $metadata } = error as Error & { code?: unknown; $metadata?: { httpStatusCode?: number } }
  return PASSING.includes(name) || NETWORK.includes(String(code)) || ($metadata?.httpStatusCode ?? 0) >= 500
}

/** Writes one line to standard error. */
export const defaultErrorHandler: ErrorHandler = {
  handle(error: Error, { operation, sessionIdHash }: ErrorContext): void {
    const session = sessionIdHash ? ` (session ${sessionIdHash})` : ''
    process.stderr.write(`dynamo-session-store: ${operation} failed${session}: ${error.name}: ${error.message}\n`)
  },
}
