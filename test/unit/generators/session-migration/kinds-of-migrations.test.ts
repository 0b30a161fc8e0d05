import { describe, expect, it } from 'vitest'
import { carryOut } from '../../../../generators/files/carry-out.js'
import type { ReadTableChange } from '../../../../generators/session-migration/migration-code.js'
import { type MigrationInput, planMigration } from '../../../../generators/session-migration/plan.js'
import { asksForIndex, asksForKind } from '../../../../generators/session-migration/purpose.js'
import type { TableChange } from '../../../../runtime/table/table-change.js'
import { application } from '../application.js'
import { single } from '../single.js'

const now = new Date('2025-03-09T01:02:03Z')
const CONFIG = 'config/dynamo_session_store.yml'
const LANGUAGES = ['ts', 'js', 'mjs'] as const

const unread: ReadTableChange = async () => {
  throw new Error('the live table was read')
}

async function plan(
  files: Record<string, string>,
  input: Partial<MigrationInput>,
  readTableChange: ReadTableChange = unread,
) {
  return single(await planMigration({ root: application(files).root, now, ...input }, readTableChange))
}

/** The bodies of `up` and `down`. */
function bodies(text: string) {
  const [, up, down] = /up\(\)[^{]*\{\n([\s\S]*?)\n\}[\s\S]*down\(\)[^{]*\{\n([\s\S]*?)\n\}/.exec(text) ?? []
  return { up, down }
}

describe('a migration that drops the table', () => {
  it.each(LANGUAGES)('deletes the table in up, and creates it in down: %s', async (language) => {
    const { text, path, notices } = await plan({}, { name: 'DropSessions', language })
    expect(path).toMatch(/_drop_sessions\.\w+$/)
    expect(bodies(text)).toEqual({ up: '  await deleteTable()', down: '  await createTable()' })
    expect(text).toContain('config = { transaction: false }')
    expect(notices[0]).toContain('every session')
  })

  it('says that a table that another tool manages stays', async () => {
    const files = { 'config/dynamo_session_store.yml': 'manage_table: false\n' }
    const { notices } = await plan(files, { name: 'DropSessions' })
    expect(notices).toContain('manage_table is false, so npx umzug up leaves the table: delete it where it is managed')
    expect(notices.join()).not.toContain('every session')
  })

  it('passes on the options of the application', async () => {
    const files = { 'src/session.js': 'export default {}' }
    const { text } = await plan(files, { kind: 'drop', optionsModule: 'src/session.js', language: 'mjs' })
    expect(bodies(text)).toEqual({ up: '  await deleteTable(options)', down: '  await createTable(options)' })
  })
})

describe('a migration that removes an index', () => {
  it.each(LANGUAGES)('deletes the index in up, and adds it in down: %s', async (language) => {
    const files = { [CONFIG]: 'index_keys: [user.id]\n' }
    const { text, notices } = await plan(files, { name: 'RemoveUserIdIndex', language })
    expect(bodies(text)).toEqual({
      up: "  await deleteIndex('user.id')",
      down: "  await createTable({ indexKeys: ['user.id'] })",
    })
    expect(notices[0]).toContain('remove "user.id" from index_keys too')
  })

  it('takes the key from --index if index_keys no longer has the key', async () => {
    await expect(plan({}, { name: 'RemoveUserIdIndex' })).rejects.toThrow('--index user_id')
    const { text, notices } = await plan({}, { name: 'RemoveUserIdIndex', index: 'userId' })
    expect(bodies(text).up).toBe("  await deleteIndex('userId')")
    expect(notices).toEqual([])
  })

  it('is refused where the name means no key, or two', async () => {
    await expect(plan({}, { name: 'AddIndex' })).rejects.toThrow('give its session key, such as --index user_id')
    const files = { [CONFIG]: 'index_keys: [userId, user.id]\n' }
    await expect(plan(files, { name: 'AddUserIdIndex' })).rejects.toThrow('"userId" or "user.id"')
  })
})

describe('the kind of a migration', () => {
  it.each([
    ['drop', 'drop_dynamo_sessions_table', 'await deleteTable()'],
    ['create', 'create_dynamo_sessions_table', 'await createTable()'],
  ])('may be given without a name: %s', async (kind, name, up) => {
    const { path, text } = await plan({}, { kind })
    expect(path).toContain(`_${name}.js`)
    expect(bodies(text).up).toBe(`  ${up}`)
  })

  it('overrides the name', async () => {
    const { path, text } = await plan({}, { name: 'CreateUserIdIndex', kind: 'create' })
    expect(path).toContain('_create_user_id_index.js')
    expect(bodies(text).up).toBe('  await createTable()')
    expect(bodies((await plan({}, { name: 'Farewell', kind: 'drop' })).text).up).toBe('  await deleteTable()')
  })

  it('is index where a key is given', async () => {
    expect((await plan({}, { kind: 'index', index: 'tenant' })).path).toContain('_add_tenant_index.js')
    await expect(plan({}, { kind: 'drop', index: 'tenant' })).rejects.toThrow('--index tenant needs --kind index')
  })

  it('is refused when nothing says it, or it is unknown', async () => {
    await expect(plan({}, { name: 'DeleteExpiredSessions' })).rejects.toThrow(
      'the name delete_expired_sessions does not say what the migration does: give --kind create, drop, index or update',
    )
    await expect(plan({}, { kind: 'rename' })).rejects.toThrow('unknown kind "rename": choose create, drop')
  })
})

describe('a second migration that creates the same table', () => {
  const first = async (files: Record<string, string> = {}, input: Partial<MigrationInput> = {}) => {
    const app = application({ 'src/a.js': 'module.exports = {}', 'src/b.js': 'module.exports = {}', ...files })
    await carryOut(await planMigration({ root: app.root, now, name: 'AddSessions', ...input }, unread))
    const next = (more: Partial<MigrationInput>) => planMigration({ root: app.root, now, ...more }, unread)
    return { ...app, next }
  }

  it('is refused in every language, and the message names the first and what to do', async () => {
    for (const language of LANGUAGES) {
      const { next, files } = await first()
      const second = await next({ name: 'CreateSessions', language })
      await expect(carryOut(second)).rejects.toThrow(
        'migrations/20250309010203_add_sessions.js already creates this table: change the table with --kind update',
      )
      expect(files().filter((file) => file.startsWith('migrations'))).toHaveLength(1)
    }
  })

  it('is written with force', async () => {
    const { next, files } = await first()
    await carryOut(await next({ name: 'CreateSessions' }), { force: true })
    expect(files().slice(0, 2)).toEqual([
      'migrations/20250309010203_add_sessions.js',
      'migrations/20250309010204_create_sessions.js',
    ])
  })

  it('is written after one that drops the table', async () => {
    const { next } = await first()
    await carryOut(await next({ name: 'DropSessions' }))
    const again = await next({ name: 'CreateSessions' })
    expect(single(again).conflict).toBeUndefined()
    await carryOut(again)
    expect(single(await next({ name: 'CreateSessionsAgain' })).conflict).toContain(
      '_create_sessions.js already creates',
    )
  })

  it('may create the table of other options', async () => {
    const { next } = await first({}, { optionsModule: 'src/a.js' })
    expect(single(await next({ name: 'AddVisitSessions', optionsModule: 'src/b.js' })).conflict).toBeUndefined()
    expect(single(await next({ name: 'AddVisitSessions' })).conflict).toBeUndefined()
    const same = await next({ name: 'CreateSessions', optionsModule: 'src/a.js', language: 'mjs' })
    expect(single(same).conflict).toContain('_add_sessions.js already creates')
  })

  it.each([
    ['an index', "up() { await createTable({ indexKeys: ['x'] }) } down() { await deleteIndex('x') }", false],
    ['another table', "up() { await createTable({ tableName: 'visits' }) }", false],
    ['a comment', 'up() { /* await createTable() */ }', false],
    ['nothing', '', false],
    ['the table, written by hand', 'const down = () => deleteTable()\nconst up = () => createTable( )', true],
    ['the table in TypeScript', 'export async function up(): Promise<void> {\n  await createTable()\n}', true],
  ])('is found in the code: %s', async (_title, code, found) => {
    const { conflict } = await plan({ 'migrations/20250101000000_x.ts': code }, { name: 'AddSessions' })
    expect(conflict !== undefined).toBe(found)
  })

  it('stops at a migration that cannot be read', async () => {
    const files = { 'migrations/20250101000000_x.js/y': '' }
    await expect(plan(files, { name: 'AddSessions' })).rejects.toThrow("20250101000000_x.js can't be read")
  })
})

describe('a migration that updates the table', () => {
  const change: TableChange = {
    tableName: 'sessions',
    up: { billingMode: 'pay_per_request' },
    down: { billingMode: 'provisioned', readCapacity: 9, writeCapacity: 8 },
    addedIndexes: [],
    addedTags: [],
    notices: ['billing_mode: a limit'],
  }
  const update = (more: Partial<TableChange> = {}, input: Partial<MigrationInput> = {}) =>
    plan(
      { 'src/session.js': "module.exports = { tableName: 'visits' }" },
      { name: 'ChangeSessionsBilling', ...input },
      async () => ({ ...change, ...more }),
    )

  it.each(LANGUAGES)('has the declared and the live settings as objects: %s', async (language) => {
    const { text, path, notices } = await update({}, { language })
    expect(path).toMatch(/_change_sessions_billing\.\w+$/)
    expect(bodies(text)).toEqual({
      up: "  await updateTable({ billingMode: 'pay_per_request' })",
      down: "  await updateTable({ billingMode: 'provisioned', readCapacity: 9, writeCapacity: 8 })",
    })
    expect(text).toMatch(/(import|const) \{ updateTable \}/)
    expect(text).toContain('config = { transaction: false }')
    expect(notices).toEqual(['billing_mode: a limit', ...(language === 'mjs' ? [expect.stringContaining('.mjs')] : [])])
  })

  it.each(LANGUAGES)('removes tags that it added, and indexes one by one: %s', async (language) => {
    const added = { up: { tags: { a: 'b' }, indexKeys: ['x', 'y'] }, down: { tags: {}, indexKeys: ['x'] } }
    const { text } = await update({ ...added, addedIndexes: ['y'], addedTags: ['a', 'b-c'] }, { language })
    expect(bodies(text)).toEqual({
      up: "  await updateTable({ tags: { a: 'b' }, indexKeys: ['x', 'y'] })",
      down: "  await deleteIndex('y')\n  await updateTable({ tags: {}, indexKeys: ['x'] }, { removeTags: ['a', 'b-c'] })",
    })
    expect(text).toContain('{ deleteIndex, updateTable }')
  })

  it('calls no function in down without need', async () => {
    const index = await update({ up: { indexKeys: ['y'] }, down: { indexKeys: [] }, addedIndexes: ['y'] })
    expect(bodies(index.text).down).toBe("  await deleteIndex('y')")
    const warm = await update({ up: { warmReadUnits: 20_000 }, down: {} })
    expect(bodies(warm.text).down).toBe('  // DynamoDB never lowers warm throughput: nothing to do.')
  })

  it('passes on the options of the application, and reads the table that they name', async () => {
    let asked: unknown
    const files = { 'src/session.js': "module.exports = { tableName: 'visits' }" }
    const input = { kind: 'update', optionsModule: 'src/session.js' }
    const { text, path } = await plan(files, input, async (options) => {
      asked = options
      return { ...change, addedIndexes: ['y'] }
    })
    expect(path).toContain('_update_dynamo_sessions_table.js')
    expect(asked).toEqual({ root: process.cwd(), tableName: 'visits' })
    expect(bodies(text)).toEqual({
      up: "  await updateTable({ ...options, billingMode: 'pay_per_request' })",
      down: "  await deleteIndex('y', options)\n  await updateTable({ ...options, billingMode: 'provisioned', readCapacity: 9, writeCapacity: 8 })",
    })
  })

  it('is refused where nothing differs, with what stays as it is', async () => {
    await expect(update({ up: {}, notices: ['left as it is: x'] })).rejects.toThrow(
      'nothing to update in table "sessions": change the configuration first; left as it is: x',
    )
  })

  it('is refused if the live table cannot be read', async () => {
    const denied = plan({}, { kind: 'update' }, async () => {
      throw new Error('no permission')
    })
    await expect(denied).rejects.toThrow('an update needs the settings of the live table: no permission')
  })
})

describe('undo of an update', () => {
  const files = { 'migrations/20250101000000_update_sessions.js': 'written' }

  it('plans the text of the file while the live table still differs', async () => {
    const change = { tableName: 'sessions', up: { ttl: true }, down: { ttl: false }, addedIndexes: [], addedTags: [] }
    const { path, text } = await plan(files, { name: 'UpdateSessions', undo: true }, async () => ({
      ...change,
      notices: [],
    }))
    expect(path).toContain('20250101000000_update_sessions.js')
    expect(text).toContain('updateTable({ ttl: true })')
  })

  it('plans no text if the live table cannot be read, so only force removes the file', async () => {
    const { text, notices } = await plan(files, { name: 'UpdateSessions', undo: true }, unread)
    expect([text, notices]).toEqual(['', [expect.stringContaining('the live table was read')]])
  })
})

describe('a terminal', () => {
  it('asks for the kind if neither the name nor an index says it', () => {
    const { root } = application()
    expect(asksForKind({ name: 'SignOut' }, root)).toBe(true)
    expect(asksForKind({ name: 'SignOut', index: 'user_id' }, root)).toBe(false)
    expect(asksForKind({ name: 'AddSessions' }, root)).toBe(false)
    expect(asksForKind({}, root)).toBe(false)
  })

  it('asks for the key of an index if neither the name nor index_keys says it', () => {
    const { root } = application({ [CONFIG]: 'index_keys: [user_id]\n' })
    expect(asksForIndex({ name: 'AddUserIdIndex' }, root)).toBe(false)
    expect(asksForIndex({ name: 'AddTenantIndex' }, root)).toBe(true)
    expect(asksForIndex({ name: 'SignOut', kind: 'index' }, root)).toBe(true)
    expect(asksForIndex({ name: 'SignOut', kind: 'drop' }, root)).toBe(false)
    expect(asksForIndex({ name: 'AddSessions' }, root)).toBe(false)
  })

  it('does not stop at a wrong configuration, which the plan reports', () => {
    const { root } = application({ [CONFIG]: 'tabel_name: x\n' })
    expect(asksForKind({ name: 'SignOut' }, root)).toBe(true)
    expect(asksForIndex({ name: 'AddTenantIndex' }, root)).toBe(false)
  })
})
