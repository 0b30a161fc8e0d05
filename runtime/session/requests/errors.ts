import type { ErrorContext, ErrorHandler } from '../../configuration/options.js'
import type { Configuration } from '../../configuration/resolve.js'
import { factsOf, isAwsError } from '../../dynamodb/error-facts.js'
import { explainAwsError, isWithoutConnection } from '../../dynamodb/explain-error.js'
import { SessionTooLargeError, TableMissingError, TableSchemaError, UnreadableAnswerError } from '../../errors.js'
import { fitForLine, makeErrorFit } from '../../fit-for-output.js'
import { write } from '../../output.js'

/** The error that the application gets: one of ours where it names the remedy, else the SDK's, made fit for output. */
export function storeError(error: unknown, configuration: Configuration): unknown {
  const { tableName } = configuration
  makeErrorFit(error)
  if (isWithoutConnection(error)) return explainAwsError(error, { action: 'a request', configuration })
  if (isAwsError(error, 'ResourceNotFoundException')) {
    const text = `The table "${tableName}" does not exist: npx umzug up, or npx dynamo-session create-table, creates it.`
    return new TableMissingError(text, { cause: error })
  }
  if (isOtherKey(error)) return otherKey(configuration, error)
  if (error instanceof Error && error.name === 'ValidationException' && /item size/i.test(error.message)) {
    const text = `The session is larger than an item of DynamoDB can be; the version in the table "${tableName}" stays.`
    return new SessionTooLargeError(text, { cause: error })
  }
  return error
}

/** A copy of an error that several requests share. Each application code that handles it may change its own copy. */
export function copyOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  try {
    const stack = { value: error.stack, writable: true, configurable: true }
    const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error))
    return Object.defineProperties(copy, { ...Object.getOwnPropertyDescriptors(error), stack })
  } catch {
    return error // an application's Error.prepareStackTrace may throw
  }
}

/** Messages of DynamoDB, the first for requests for items, the second for PartiQL; the rest are from DynamoDB Local. */
const OTHER_KEY =
  /key element does not match the schema|mandatory equality on all key attributes|data type should match its data type in table's schema|required keys was not given|conditions on the keys is invalid|type mismatch for key/i

/** Whether DynamoDB refused a request because the table has another key, or also a sort key. */
export function isOtherKey(error: unknown): error is Error {
  const { name, message } = factsOf(error)
  return name.startsWith('Validation') && OTHER_KEY.test(message)
}

/** The error for a table with another key than the one of the configuration. */
export function otherKey({ tableName, tableKey, sources }: Configuration, cause?: Error): TableSchemaError {
  return new TableSchemaError(
    `The table "${tableName}" can't hold sessions: its key is not "${tableKey}" (S) alone (table_key: ${sources.tableKey}). ` +
      'Set table_key to the name of its partition key, or choose another table_name; a sort key is not possible. ' +
      'npx dynamo-session doctor shows the key.',
    { cause },
  )
}

/** Errors that pass by themselves, from "Error handling with DynamoDB" in its developer guide and from the SDK. */
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

const NETWORK = [
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]

/** Whether a failure passes by itself: throttling, the network, or DynamoDB itself. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof UnreadableAnswerError) return error.status < 400 || error.status >= 500
  const { name, code } = error as Error & { code?: unknown }
  return PASSING.includes(name) || NETWORK.includes(String(code)) || statusOf(error) >= 500
}

function statusOf(error: Error & { $metadata?: { httpStatusCode?: number } }): number {
  return error.$metadata?.httpStatusCode ?? 0
}

/** Writes one line to standard error. */
const defaultErrorHandler: ErrorHandler = {
  handle(error: Error, { operation, sessionIdHash }: ErrorContext): void {
    const session = sessionIdHash ? ` (session ${sessionIdHash})` : ''
    const text = fitForLine(`${operation} failed${session}: ${error.name}: ${error.message}`)
    write(process.stderr, `dynamo-session-store: ${text}\n`)
  },
}

/** Passes an error to the error handler. A handler that throws must not fail the request or end the process. */
export function report(error: unknown, context: ErrorContext, handler: ErrorHandler = defaultErrorHandler): void {
  const reported = error instanceof Error ? error : new Error(String(error))
  try {
    handler.handle(reported, context)
  } catch (failure) {
    defaultErrorHandler.handle(reported, context)
    const own = failure instanceof Error ? failure : new Error(String(failure))
    defaultErrorHandler.handle(own, { ...context, operation: 'error_handler' })
  }
}
