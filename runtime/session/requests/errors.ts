import type { ErrorContext, ErrorHandler } from '../../configuration/options.js'
import type { Configuration } from '../../configuration/resolve.js'
import { factsOf, isAwsError } from '../../dynamodb/error-facts.js'
import { explainAwsError, isNotSent, placeOf } from '../../dynamodb/explain-error.js'
import { endpointInEffect, regionInEffect } from '../../dynamodb/place-in-effect.js'
import { DynamoSessionError, SessionTooLargeError, TableMissingError, TableSchemaError } from '../../errors.js'
import { fitForLine, makeErrorFit } from '../../fit-for-output.js'
import { write } from '../../output.js'

/** The error that the application gets: one of ours where it names the remedy, else the SDK's, made fit for output. */
export function storeError(error: unknown, configuration: Configuration): unknown {
  const { tableName } = configuration
  makeErrorFit(error)
  if (isNotSent(error)) return explainAwsError(error, { action: 'a request', configuration })
  if (isAwsError(error, 'ResourceNotFoundException')) {
    const creation = configuration.manageTable
      ? 'npx umzug up, or npx dynamo-session create-table, creates it.'
      : `create it with the tool that manages it (manage_table: ${configuration.sources.manageTable}).`
    return new TableMissingError(`${namedTable(configuration)} does not exist ${placeIn(configuration)}: ${creation}`, {
      cause: error,
    })
  }
  if (isOtherKey(error)) return otherKey(configuration, error)
  if (error instanceof Error && error.name === 'ValidationException' && /item size/i.test(error.message)) {
    const text = `The session is larger than an item of DynamoDB can be; the version in the table "${tableName}" stays.`
    return new SessionTooLargeError(text, { cause: error })
  }
  return error
}

/** The table with the source of its name. A server that was started in another folder finds no configuration file. */
function namedTable({ tableName, sources, file, root }: Configuration): string {
  const missing = sources.tableName === 'default' && file === undefined ? `; no configuration file in ${root}` : ''
  return fitForLine(`The table "${tableName}" (table_name: ${sources.tableName}${missing})`)
}

function placeIn(configuration: Configuration): string {
  if (endpointInEffect(configuration)) return `at ${placeOf({ configuration, host: undefined })}`
  const region = regionInEffect(configuration)
  return region ? `in ${fitForLine(region.value)}` : 'in this region and account'
}

/** A copy of an error that several requests share. Code of the application that handles the error may change its own copy. */
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

type Handler = ErrorHandler | ErrorHandler['handle']

/** Passes an error that a request survives to the error handler. An error that the handler throws reaches the request. */
export function handleError(error: unknown, context: ErrorContext, handler: Handler = writeLine): void {
  const given = asError(error)
  const result: unknown = typeof handler === 'function' ? handler(given, context) : handler.handle(given, context)
  // Nobody waits for an async handler, and a rejection would end the process.
  if (result instanceof Promise) result.catch((failure) => writeHandlerFailure(error, failure, context))
}

/** Like {@link handleError}, when no request waits: an error that the handler throws is written to standard error. */
export function report(error: unknown, context: ErrorContext, handler?: Handler): void {
  try {
    handleError(error, context, handler)
  } catch (failure) {
    writeHandlerFailure(error, failure, context)
  }
}

function writeHandlerFailure(error: unknown, failure: unknown, context: ErrorContext): void {
  writeLine(asError(error), context)
  writeLine(asError(failure), { ...context, operation: 'error_handler' })
}

/** The default handler: writes one line to standard error. */
function writeLine(error: Error, { operation, sessionIdHash }: ErrorContext): void {
  const session = sessionIdHash ? ` (session ${sessionIdHash})` : ''
  const what = error instanceof DynamoSessionError ? String(error) : `${error.name}: ${error.message}`
  const text = fitForLine(`${operation} failed${session}: ${what}`)
  write(process.stderr, `dynamo-session-store: ${text}\n`)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
