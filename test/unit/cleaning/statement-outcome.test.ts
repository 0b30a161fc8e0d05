import { expect, it } from 'vitest'
import { outcomeOf, statementError } from '../../../runtime/cleaning/statement-outcome.js'

/** All codes of the API reference ("BatchStatementError"). */
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
] as const)('a statement with the error %s is %s', (Code, outcome) => {
  expect(outcomeOf({ Error: { Code } })).toBe(outcome)
})

it('a statement without an error is deleted, and one with an unknown error has failed', () => {
  expect(outcomeOf({ TableName: 'sessions' })).toBe('deleted')
  expect(outcomeOf({ Error: {} })).toBe('failed')
})

it("the error of a statement has the name of a request's error", () => {
  expect(statementError({ Error: { Code: 'AccessDenied', Message: 'no' } })).toMatchObject({
    name: 'AccessDeniedException',
    message: 'no',
  })
})
