import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTableCommand } from '../../../runtime/cli/commands/create-table.js'
import { deleteTableCommand } from '../../../runtime/cli/commands/delete-table.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { deleteIndex } from '../../../runtime/table/table-indexes.js'
import { updateTable } from '../../../runtime/table/update-table.js'
import { createUmzug } from '../../../runtime/umzug.js'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { anyEngine } from '../../support/engines.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'

let stub: ControlPlane
beforeAll(async () => {
  stub = await startControlPlane({ settle: 0 })
})
beforeEach(() => environmentWith())
afterEach(() => stub.reset())
afterAll(() => stub.stop())

const ONLY_VERIFIED = 'it was only verified, because manage_table is false (code)'

/** Options for a table that somebody else manages. */
function options(more: Options = {}): Options {
  return { tableName: 'sessions', endpoint: stub.endpoint, region: stub.region, manageTable: false, ...more }
}

/** Makes the table as its owner does. */
async function made(more: Options = {}): Promise<void> {
  await createTable(options({ ...more, manageTable: true }))
}

/** The operations since the owner made the table that change something. */
function changes(since: number): string[] {
  return stub.operations.slice(since).filter((operation) => !/^(Describe|List)/.test(operation))
}

describe('with manage_table: false', () => {
  it.each([
    ['createTable', (logger: object) => createTable(options(), { logger: logger as never }), { created: false }],
    ['updateTable', (logger: object) => updateTable(options(), { logger: logger as never }), { changed: [], left: [] }],
  ])('%s only verifies the table', async (_, run, result) => {
    await made()
    const since = stub.requests.length
    const logger = recordingLogger()
    expect(await run(logger)).toEqual(result)
    expect(logger.lines).toEqual([`table "sessions" is as declared; ${ONLY_VERIFIED}`])
    expect(logger.warnings).toEqual([])
    expect(changes(since)).toEqual([])
  })

  it('names each setting that differs, and leaves it', async () => {
    await made({ tags: { team: 'web' }, deletionProtection: true })
    const since = stub.requests.length
    const logger = recordingLogger()
    await createTable(options({ readCapacity: 3, tags: { team: 'shop' }, pointInTimeRecovery: true }), { logger })
    expect(logger.warnings.map((line) => line.replace(/:.*/, ''))).toEqual([
      'billing_mode',
      'point_in_time_recovery',
      'tags',
      'deletion_protection',
    ])
    for (const line of logger.warnings) expect(line).not.toContain('update-table')
    expect(logger.warnings[1]).toBe(
      'point_in_time_recovery: declared true (code), the table has false; change it where the table is managed, or declare here what the table has',
    )
    expect(logger.lines.at(-1)).toBe(`table "sessions" differs in 4 settings; ${ONLY_VERIFIED}`)
    expect(changes(since)).toEqual([])
  })

  it('names the permission that is missing for a setting', async () => {
    await made()
    stub.deny('ListTagsOfResource')
    const logger = recordingLogger()
    await createTable(options(), { logger })
    expect(logger.warnings).toEqual([expect.stringContaining('no permission, allow dynamodb:ListTagsOfResource')])
  })

  it.each([
    ['another key', { tableKey: 'id' }, /has the key "id" \(S\)/],
    ['no index', {}, /table "sessions" has no index "user_id-index" \(index_keys: code\)/],
  ])('refuses a table with %s, and changes nothing', async (_, owned, message) => {
    await made(owned)
    const since = stub.requests.length
    await expect(createTable(options({ indexKeys: ['user_id'] }))).rejects.toThrow(message)
    await expect(updateTable(options({ indexKeys: ['user_id'] }))).rejects.toThrow(
      'Nothing was changed, because manage_table is false (code)',
    )
    expect(changes(since)).toEqual([])
  })

  it('refuses Time to Live on another attribute', async () => {
    await made()
    Object.assign(stub.table('sessions').ttl, { status: 'ENABLED', attribute: 'expires' })
    await expect(createTable(options())).rejects.toThrow('reads the attribute "expires"')
  })

  it('creates no missing table', async () => {
    await expect(createTable(options())).rejects.toMatchObject({
      code: 'TABLE_MISSING',
      message:
        'table "sessions" does not exist; create it with the tool that manages it, because manage_table is false (code)',
    })
    expect(changes(0)).toEqual([])
  })

  it('refuses a table that is still being created', async () => {
    await made()
    Object.assign(stub.table('sessions'), { status: 'CREATING', pending: 9 })
    await expect(createTable(options())).rejects.toThrow('table "sessions" is still CREATING; try again')
  })

  it('deletes neither the table nor an index, with a warning', async () => {
    await made({ indexKeys: ['user_id'] })
    const since = stub.requests.length
    const logger = recordingLogger()
    expect(await deleteTable(options(), { logger })).toEqual({ deleted: false })
    expect(await deleteIndex('user_id', options(), { logger })).toEqual({ deleted: false })
    expect(logger.warnings).toEqual([
      'table "sessions" was not deleted, because manage_table is false (code)',
      'the index "user_id-index" of table "sessions" was not deleted, because manage_table is false (code)',
    ])
    expect(changes(since)).toEqual([])
  })

  it('create-table only verifies, and delete-table is an error', async () => {
    await made()
    const since = stub.requests.length
    const yaml = `manage_table: false\nendpoint: ${stub.endpoint}\nregion: ${stub.region}\n`
    currentFolderWith({ 'config/dynamo_session_store.yml': yaml })
    const logger = recordingLogger()
    await createTableCommand({}, logger)
    expect(logger.lines.at(-1)).toMatch(/^table "sessions" is as declared; it was only verified/)
    await expect(deleteTableCommand({ yes: true }, logger)).rejects.toThrow(
      'manage_table (config/dynamo_session_store.yml:1): is false, so table "sessions" was not deleted',
    )
    expect(changes(since)).toEqual([])
  })

  it('migrations verify, and their log still has a table of its own', async () => {
    await made()
    const since = stub.requests.length
    const logger = recordingLogger()
    const up = async () => void (await createTable(options()))
    const down = async () => void (await deleteTable(options()))
    const { tableName } = anyEngine().options()
    const log = { ...anyEngine().options(), tableName, manageTable: false }
    const umzug = createUmzug({ ...log, logger, migrations: [{ name: 'AddSessions', up, down }] })
    expect(await umzug.up()).toHaveLength(1)
    expect(await umzug.down()).toHaveLength(1)
    expect(logger.lines).toContain(`table "sessions" is as declared; ${ONLY_VERIFIED}`)
    expect(logger.warnings).toEqual(['table "sessions" was not deleted, because manage_table is false (code)'])
    expect(changes(since)).toEqual([])
    expect(stub.tables.size).toBe(1)
  })
})
