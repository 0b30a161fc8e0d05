import { PassThrough } from 'node:stream'
import { beforeEach, expect, it } from 'vitest'
import { createTableCommand } from '../../../runtime/cli/commands/create-table.js'
import { deleteTableCommand } from '../../../runtime/cli/commands/delete-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { onEachEngine } from '../../support/engines.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { createRawTable } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'

/** A terminal whose user types `keys` (undefined: closes the input) as soon as something is asked. */
function terminalOf(keys: string | undefined) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  const asked: string[] = []
  output.on('data', (chunk) => {
    asked.push(String(chunk))
    if (asked.length === 1) keys === undefined ? input.end() : input.write(keys)
  })
  return { input, output, asked }
}

const noTerminal = { input: new PassThrough(), output: new PassThrough() }

onEachEngine('dynamo-session create-table and delete-table', (engine) => {
  beforeEach(() => environmentWith())

  /** An application whose configuration file leads to a table of its own. */
  function application() {
    const options = engine.options()
    const yaml = `table_name: ${options.tableName}\nendpoint: ${engine.endpoint}\nregion: eu-central-1\n`
    currentFolderWith({ 'config/dynamo_session_store.yml': yaml })
    const target = [
      'environment:        development',
      'configuration file: config/dynamo_session_store.yml',
      `table:              ${options.tableName}`,
      'region:             eu-central-1',
      `endpoint:           ${engine.endpoint}`,
    ]
    const raw = { tableName: options.tableName, endpoint: engine.endpoint, region: 'eu-central-1' }
    return { tableName: options.tableName, target, find: () => describeTable(raw) }
  }

  it('prints the target, then creates the table step by step', async () => {
    const { tableName, target, find } = application()
    const logger = recordingLogger()
    await createTableCommand({}, logger)
    expect(logger.lines.slice(0, 7)).toEqual([
      ...target,
      `creating table "${tableName}"`,
      `table "${tableName}" is active`,
    ])
    expect(await find()).toMatchObject({ status: 'ACTIVE', key: [{ name: 'session_id', type: 'S' }] })
  })

  it('creates the table of the options module and of the named environment', async () => {
    const { tableName } = engine.options()
    const place = `endpoint: ${engine.endpoint}\nregion: us-east-1\n`
    currentFolderWith({
      'options.mjs': `export const options = { tableName: '${tableName}', tableKey: 'id' }`,
      'config/dynamo_session_store/staging.yml': `table_key: other\n${place}`,
    })
    const logger = recordingLogger()
    await createTableCommand({ environment: 'staging', options: 'options.mjs' }, logger)
    expect(logger.lines.slice(0, 3)).toEqual([
      'environment:        staging',
      'configuration file: config/dynamo_session_store/staging.yml',
      `table:              ${tableName}`,
    ])
    const found = await describeTable({ tableName, endpoint: engine.endpoint, region: 'us-east-1' })
    expect(found?.key).toEqual([{ name: 'id', type: 'S' }])
  })

  it('refuses a table of the same name that cannot hold sessions, after the target was printed', async () => {
    const { tableName, target } = application()
    await createRawTable(engine.client(), tableName, [['id', 'S']])
    const logger = recordingLogger()
    await expect(createTableCommand({}, logger)).rejects.toThrow(/"id" \(S\).*"session_id" \(S\)/)
    expect(logger.lines).toEqual(target)
  })

  it('deletes without a question when --yes says so', async () => {
    const { tableName, target, find } = application()
    await createRawTable(engine.client(), tableName)
    const logger = recordingLogger()
    await deleteTableCommand({ yes: true }, logger, noTerminal)
    expect(logger.lines).toEqual([...target, `deleting table "${tableName}"`, `deleted table "${tableName}"`])
    expect(await find()).toBeUndefined()
  })

  it('refuses to delete where there is neither a terminal nor --yes, naming table and region', async () => {
    const { tableName, target, find } = application()
    await createRawTable(engine.client(), tableName)
    const logger = recordingLogger()
    await expect(deleteTableCommand({}, logger, noTerminal)).rejects.toThrow(
      new RegExp(`table "${tableName}" in eu-central-1 with all its sessions: .* confirm it with --yes`),
    )
    expect(logger.lines).toEqual(target)
    expect(await find()).toMatchObject({ status: 'ACTIVE' })
  })

  it.each(['y\n', 'YES\n'])('asks in a terminal, naming table and region, and deletes at %j', async (keys) => {
    const { tableName, find } = application()
    await createRawTable(engine.client(), tableName)
    const terminal = terminalOf(keys)
    await deleteTableCommand({}, recordingLogger(), terminal)
    expect(terminal.asked.join('')).toContain(
      `Delete table "${tableName}" in eu-central-1 with all its sessions? [y/N] `,
    )
    expect(await find()).toBeUndefined()
  })

  it.each(['n\n', '\n', 'yesterday\n', undefined])('deletes nothing at %j', async (keys) => {
    const { tableName, find } = application()
    await createRawTable(engine.client(), tableName)
    const error = { code: 'TABLE_REQUEST', message: expect.stringContaining('nothing was deleted') }
    await expect(deleteTableCommand({}, recordingLogger(), terminalOf(keys))).rejects.toMatchObject(error)
    expect(await find()).toMatchObject({ status: 'ACTIVE' })
  })

  it('warns when the table to delete does not exist, and succeeds', async () => {
    const { tableName } = application()
    const logger = recordingLogger()
    await deleteTableCommand({ yes: true }, logger)
    expect(logger.warnings).toEqual([`table "${tableName}" does not exist: nothing to delete`])
  })
})
