import type { BatchStatementResponse } from '@aws-sdk/client-dynamodb'

/**
 * - `deleted`: the item is gone. (On AWS also when it was gone before.)
 * - `refreshed`: it is not as the scan saw it, and stays. (DynamoDB Local: also when it was gone before.)
 * - `again`: a passing failure; nothing happened.
 * - `failed`: refused for good.
 */
export type StatementVerdict = 'deleted' | 'refreshed' | 'again' | 'failed'

/** Codes of "BatchStatementError" (DynamoDB API reference) that pass by themselves. */
const PASSING = [
  'InternalServerError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'ThrottlingError',
  'TransactionConflict',
]

export function verdictOf({ Error: error }: BatchStatementResponse): StatementVerdict {
  if (!error) return 'deleted'
  if (error.Code === 'ConditionalCheckFailed') return 'refreshed'
  return PASSING.includes(error.Code ?? '') ? 'again' : 'failed'
}

/** The same failures as those of whole requests, where these have another name. */
const NAMES: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  ProvisionedThroughputExceeded: 'ProvisionedThroughputExceededException',
  ResourceNotFound: 'ResourceNotFoundException',
  ThrottlingError: 'ThrottlingException',
  ValidationError: 'ValidationException',
}

/** A statement's error in the form of a request's. */
export function statementError(response: BatchStatementResponse | undefined): Error {
  const { Code = 'UnknownError', Message = '' } = response?.Error ?? {}
  return Object.assign(new Error(Message || Code), { name: NAMES[Code] ?? Code })
}
