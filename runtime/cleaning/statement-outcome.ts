import type { BatchStatementResponse } from '@aws-sdk/client-dynamodb'
import { isAwsError, isTransient } from '../dynamodb/error-facts.js'

/**
 * - `deleted`: the item is deleted. AWS also reports this when the item was deleted before.
 * - `refreshed`: the item differs from what the scan saw, and stays. DynamoDB Local also reports this for a deleted item.
 * - `again`: the statement failed and may succeed later. Nothing was deleted.
 * - `failed`: DynamoDB refuses the statement.
 */
export type StatementOutcome = 'deleted' | 'refreshed' | 'again' | 'failed'

export function outcomeOf(response: BatchStatementResponse): StatementOutcome {
  if (!response.Error) return 'deleted'
  if (response.Error.Code === 'ConditionalCheckFailed') return 'refreshed'
  return mayPass(statementError(response)) ? 'again' : 'failed'
}

/** Whether a failed request of cleaning may succeed later. A transaction blocks an item only for a moment. */
export function mayPass(error: unknown): boolean {
  return isTransient(error) || isAwsError(error, 'TransactionConflictException')
}

/** Codes of statements ("BatchStatementError", DynamoDB API reference), and the names of the same errors of requests. */
const NAMES: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  ProvisionedThroughputExceeded: 'ProvisionedThroughputExceededException',
  ResourceNotFound: 'ResourceNotFoundException',
  ThrottlingError: 'ThrottlingException',
  TransactionConflict: 'TransactionConflictException',
  ValidationError: 'ValidationException',
}

/** The error of a statement, named like the error of a request. */
export function statementError(response: BatchStatementResponse | undefined): Error {
  const { Code = 'UnknownError', Message = '' } = response?.Error ?? {}
  return Object.assign(new Error(Message || Code), { name: NAMES[Code] ?? Code })
}
