import { describe, expect, it } from 'vitest'
import { type Kind, meaningOf, removesIndex } from '../../../../generators/session-migration/kinds.js'
import { DEFAULT_NAME, migrationName } from '../../../../generators/session-migration/name.js'

function meaning(text: string, tableName = 'sessions') {
  const result = migrationName(text)
  return 'name' in result ? meaningOf(result.name, tableName) : result
}

describe('the name of a migration', () => {
  const NAMES: Readonly<Record<Kind, readonly string[]>> = {
    create: [
      DEFAULT_NAME,
      'AddSessions',
      'CreateSessions',
      'CreateSessionsTable',
      'AddSessionsTable',
      'add-sessions',
      'add web sessions',
      'AddShopSessions',
      'AddDynamoSessionStore',
      'CreateVisits',
    ],
    drop: [
      'DropSessions',
      'DeleteSessions',
      'RemoveSessions',
      'DropSessionsTable',
      'DropTable',
      'destroy_dynamodb_sessions_table',
      'delete-sessions',
    ],
    update: [
      'UpdateSessions',
      'ChangeSessionsBilling',
      'change-sessions-billing',
      'EnableTtl',
      'disable_deletion_protection',
      'SetTags',
      'IncreaseReadCapacity',
      'AddTtlToSessions',
      'AddUserIdToSessions',
      'RemoveTagsFromSessions',
      'AddSessionTags',
      'RemoveDeletionProtection',
      'AddPointInTimeRecovery',
    ],
    index: [],
  }
  const cases = Object.entries(NAMES).flatMap(([kind, names]) => names.map((name) => [name, kind] as const))

  it.each(cases)('%s says %s', (name, kind) => {
    expect(meaning(name)).toEqual({ kind })
  })

  it.each([
    ['AddUserIdIndex', 'user_id'],
    ['add_user_id_index', 'user_id'],
    ['CreateTenantIndex', 'tenant'],
    ['AddUserIdIndexToSessions', 'user_id'],
    ['AddIndexOnUserId', 'user_id'],
    ['RemoveUserIdIndex', 'user_id'],
    ['drop-tenant-index', 'tenant'],
    ['RemoveUserIdIndexFromSessions', 'user_id'],
  ])('%s says index, of the key %s', (name, key) => {
    expect(meaning(name)).toEqual({ kind: 'index', key })
  })

  it.each(['AddIndex', 'AddIndexToSessions', 'RemoveIndexFromSessions'])('%s says index, but of no key', (name) => {
    expect(meaning(name)).toEqual({ kind: 'index' })
  })

  it.each([
    'Sessions',
    'Initial',
    'SignOutEverywhere',
    'AddUsers',
    'Add',
    'Drop',
    'DeleteExpiredSessions',
    'RemoveOldSessions',
    'DropUsers',
    'DropUsersTable',
    'Upload',
    'AddressSessions',
    'ReindexSessions',
  ])('%s says nothing', (name) => {
    expect(meaning(name)).toBeUndefined()
  })

  it('may have the name of the table', () => {
    expect(meaning('AddVisits', 'shop-visits')).toEqual({ kind: 'create' })
    expect(meaning('DropShopVisits', 'shop-visits')).toEqual({ kind: 'drop' })
    expect(meaning('DropVisits')).toBeUndefined()
    expect(meaning('DropTable', '___')).toEqual({ kind: 'drop' })
  })
})

describe('a migration of an index', () => {
  it('deletes the index if its name begins with remove, drop, delete or destroy', () => {
    for (const name of ['remove_user_id_index', 'drop_index', 'delete_x', 'destroy_x']) {
      expect(removesIndex(name)).toBe(true)
    }
    for (const name of ['add_user_id_index', 'sign_out_everywhere', 'removed']) expect(removesIndex(name)).toBe(false)
  })
})
