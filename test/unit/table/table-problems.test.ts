import { expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { keyProblem, statusProblem } from '../../../runtime/table/table-problems.js'
import { isOn, timeToLiveProblem } from '../../../runtime/table/time-to-live.js'
import { tableFacts as table } from '../../support/table-facts.js'

const configuration = resolveConfiguration({}, {})

it('accepts the table that this package creates', () => {
  expect(keyProblem(table(), configuration)).toBeUndefined()
})

it('suggests the key of a table whose key has only another name', () => {
  expect(keyProblem(table({ key: [{ name: 'sid', type: 'S' }] }), configuration)).toBe(
    'table "sessions" has the key "sid" (S), but sessions need "session_id" (S) alone (table_key: default); set table_key to "sid", or choose another table_name',
  )
})

it('says where the expected key was set', () => {
  const fromEnv = resolveConfiguration({}, { AWS_DYNAMO_DB_SESSION_TABLE_KEY: 'id' })
  expect(keyProblem(table(), fromEnv)).toContain('(table_key: ENV AWS_DYNAMO_DB_SESSION_TABLE_KEY)')
})

it.each([
  { title: 'a number', key: [{ name: 'session_id', type: 'N' as const }] },
  {
    title: 'a key with a sort key',
    key: [
      { name: 'session_id', type: 'S' as const },
      { name: 'at', type: 'N' as const },
    ],
  },
])('suggests only another table instead of $title', ({ key }) => {
  expect(keyProblem(table({ key }), configuration)).toMatch(/; choose another table_name$/)
})

it.each(['ACTIVE', 'CREATING', 'UPDATING', 'DELETING'] as const)(
  'has no problem with %s, which does not last',
  (status) => {
    expect(statusProblem(table({ status }))).toBeUndefined()
  },
)

it.each(['INACCESSIBLE_ENCRYPTION_CREDENTIALS', 'ARCHIVING', 'ARCHIVED', 'REPLICATION_NOT_AUTHORIZED'] as const)(
  'has a remedy for %s',
  (status) => {
    expect(statusProblem(table({ status }))).toMatch(new RegExp(`^table "sessions" is ${status}: .*; `))
  },
)

it('accepts Time to Live only on expire_at, or off', () => {
  expect(timeToLiveProblem({ status: 'ENABLED', attribute: 'expire_at' }, 'sessions')).toBeUndefined()
  expect(timeToLiveProblem({ status: 'DISABLED', attribute: undefined }, 'sessions')).toBeUndefined()
  expect(timeToLiveProblem({ status: 'ENABLING', attribute: 'ttl' }, 'sessions')).toMatch(/attribute "ttl"/)
  expect(isOn({ status: 'ENABLING', attribute: 'expire_at' })).toBe(true)
  expect(isOn({ status: 'DISABLING', attribute: 'expire_at' })).toBe(false)
})
