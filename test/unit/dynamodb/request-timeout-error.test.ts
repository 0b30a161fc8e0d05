import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { isTimeout, isTransient } from '../../../runtime/dynamodb/error-facts.js'
import type { Input, Operation } from '../../../runtime/dynamodb/operations.js'
import { requestTimedOut } from '../../../runtime/dynamodb/request-errors.js'
import { RequestTimeoutError } from '../../../runtime/index.js'
import { storeError } from '../../../runtime/session/requests/errors.js'

const Key = { session_id: { S: 'a-session-id' } }
const READS: [Operation, Input][] = [
  ['GetItem', { TableName: 'sessions', Key }],
  ['BatchGetItem', { RequestItems: { sessions: { Keys: [Key] } } }],
  ['Query', { TableName: 'sessions' }],
  ['Scan', { TableName: 'sessions' }],
]
const WRITES: [Operation, Input][] = [
  ['UpdateItem', { TableName: 'sessions', Key }],
  ['DeleteItem', { TableName: 'sessions', Key }],
  ['PutItem', { TableName: 'sessions', Item: Key }],
]

describe('the error for a request that was not finished within request_timeout', () => {
  it.each(READS)('says what to do, %s', (operation, input) => {
    const error = requestTimedOut(operation, input, 5000)
    expect(error).toBeInstanceOf(RequestTimeoutError)
    expect(error.message).toBe(
      `${operation} for the table "sessions" was not finished within 5000 ms (request_timeout). ` +
        'Check the connection to DynamoDB, or raise request_timeout.',
    )
    expect(error).toMatchObject({ name: 'RequestTimeoutError', code: 'ETIMEDOUT', maybeWritten: false })
  })

  it.each(WRITES)('says that it is unknown whether %s was carried out', (operation, input) => {
    const error = requestTimedOut(operation, input, 200)
    expect(error.message).toMatch(
      /"sessions" .* 200 ms .*request_timeout\. Whether the request was carried out is not known\.$/,
    )
    expect(error.maybeWritten).toBe(true)
  })

  it('names no table for statements', () => {
    const error = requestTimedOut('BatchExecuteStatement', { Statements: [] }, 200)
    expect(error.message).toMatch(/^BatchExecuteStatement was not finished within 200 ms /)
    expect(error.maybeWritten).toBe(true)
  })

  it('says that nothing was written when the request was never sent', () => {
    const error = requestTimedOut('UpdateItem', { TableName: 'sessions', Key }, 200, false)
    expect(error.maybeWritten).toBe(false)
    expect(error.message).not.toContain('carried out')
  })

  it('counts as a transient timeout, and reaches the application unchanged', () => {
    const error = requestTimedOut('GetItem', { TableName: 'sessions', Key }, 5000)
    expect([isTimeout(error), isTransient(error)]).toEqual([true, true])
    expect(storeError(error, resolveConfiguration({ region: 'us-east-1' }))).toBe(error)
  })
})
