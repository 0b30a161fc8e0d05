import { expect, it } from 'vitest'
import { outcomeOf, statementError } from '../../../runtime/cleaning/statement-outcome.js'

/** All that the API reference lists ("BatchStatementError"). */
it.each([
  ['ConditionalCheckFailed', 'refreshed'],
  ['InternalServerError', 'again'],
  ['ProvisionedThroughputExceeded', 'again'],
  ['RequestLimitExceeded', 'again'],
  ['ThrottlingError', 'again'],
  ['TransactionConflict', 'again'],
  ['AccessDenied', 'failed'],
  ['DuplicateItem', 'failed'],
  ['ItemCollectionSizeLimitExceeded', 'failed'],
  ['ResourceNotFound', 'failed'],
  ['ValidationError', 'failed'],
] as const)('a statement that ends with %s is %s', (Code, outcome) => {
  expect(outcomeOf({ Error: { Code } })).toBe(outcome)
})

it('a statement without an error has deleted, and one with an error that nobody knows has not', () => {
  expect(outcomeOf({ TableName: 'sessions' })).toBe('deleted')
  expect(outcomeOf({ Error: {} })).toBe('failed')
})

it("a statement's error is named like that of a request", () => {
  expect(statementError({ Error: { Code: 'AccessDenied', Message: 'no' } })).toMatchObject({
    name: 'AccessDeniedException',
    message: 'no',
  })
})
