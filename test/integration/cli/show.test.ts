import { Readable } from 'node:stream'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { listCommand } from '../../../runtime/cli/commands/list.js'
import { type ShowOptions, showCommand } from '../../../runtime/cli/commands/show.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { onEachEngine } from '../../support/engines.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { type RecordingLogger, recordingLogger } from '../../support/recording-logger.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import { hashesByDefault, storedKey } from '../../support/stored-key.js'
import { writeItem } from '../../support/table.js'

const FILE = 'config/dynamo_session_store.yml'
const SCREEN = { isTTY: false } as never
const ids = ['secret-a', 'secret-b', 'secret-c', 'secret-d']

onEachEngine('dynamo-session show, and list without --by', (engine) => {
  const options = engine.options()

  beforeAll(async () => {
    await createTable({ ...options, ttl: false })
    const put = (id: string, more: Parameters<typeof writeItem>[2]) =>
      writeItem(engine.client(), options.tableName, { session_id: { S: id }, ...more })
    const times = (index: number) => ({ created_at: { S: `200000000${index}` }, updated_at: { S: '2000000060' } })
    for (const [index, id] of ids.entries()) {
      await put(id, { data: { S: `{"word":"plum-${id.at(-1)}"}` }, ...times(index), locked_at: { S: '1000000000' } })
    }
    await put('secret-old', {
      data: { S: '{}' },
      created_at: { S: '1' },
      updated_at: { S: '1' },
      expire_at: { N: '100' },
    })
    const successor = { S: storedKey('secret-a') }
    await put('secret-moved', { successor, expire_at: { N: '2000003600' } })
  })

  beforeEach(() => {
    environmentWith()
    const yaml = `table_name: ${options.tableName}\nendpoint: ${engine.endpoint}\nregion: us-east-1\n`
    currentFolderWith({ [FILE]: yaml })
  })

  /** Runs `show`, and returns its lines without the aligning spaces. */
  async function show(given: ShowOptions, typed?: string) {
    const logger = recordingLogger()
    const input = Readable.from(typed === undefined ? [] : [typed])
    const aside = recordingLogger()
    const failure = await showCommand(given, logger, aside, { input, output: process.stderr }, SCREEN).then(
      () => undefined,
      (error: Error) => error,
    )
    return {
      ...logger,
      all: [...logger.lines, ...aside.lines, ...aside.warnings, failure?.message].join('\n'),
      failure,
    }
  }

  it('show takes the hash, the handle and the key that list prints, and an id on standard input', async () => {
    const list = await listed({ json: true })
    const found = list.json.find(({ session }: { session: string }) => session === hashSessionId('secret-b'))
    expect(found.key).toBe(hashesByDefault() ? storedKey('secret-b') : null)
    const names = [found.session, found.handle, ...(found.key ? [found.key] : [])]
    const byId = (await show({}, ' secret-b\n')).lines
    expect(byId.slice(0, 2)).toEqual([`session:  ${hashSessionId('secret-b')}`, `handle:   ${found.handle}`])
    for (const session of names) expect((await show({ session })).lines).toEqual(byId)
  })

  it('show prints times, size, lock and attributes, and neither id nor data', async () => {
    const { lines, all } = await show({}, 'secret-b')
    for (const line of [
      'state:    live',
      'created:  2033-05-18T03:33:21Z',
      'updated:  2033-05-18T03:34:20Z',
      'expires:  never',
      'lock:     expired since 2001-09-09T01:46:40Z',
    ]) {
      expect(lines).toContain(line)
    }
    expect(lines).toContainEqual(expect.stringMatching(/^size: {5}\d+ bytes$/))
    expect(lines).toContain('  created_at  S     20 bytes')
    expect(all).not.toMatch(/secret-|plum/)
    expect((await show({}, 'secret-old')).lines).toContain('state:    expired')
    const moved = await show({ session: hashSessionId('secret-moved') })
    expect(moved.lines).toContain(`state:    moved to session ${hashSessionId('secret-a')}`)
    expect(moved.all).not.toContain('secret-')
  })

  it('show prints the data only with --data', async () => {
    const plain = JSON.parse((await show({ json: true }, 'secret-b')).lines.join())
    expect(plain).not.toHaveProperty('data')
    const { lines } = await show({ json: true, data: true }, 'secret-b')
    expect(JSON.parse(lines.join())).toMatchObject({ ...plain, data: { word: 'plum-b' } })
    expect((await show({ data: true }, 'secret-b')).lines.join('\n')).toMatch(/\ndata: \{\s+"word": "plum-b"\s+\}/)
    if (!encryptsByDefault()) return
    environmentWith({ AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS: '' })
    expect((await show({ data: true }, 'secret-b')).failure).toMatchObject({ name: 'EncryptionKeyError' })
  })

  it('show refuses an id as an argument without printing it, and says when there is no such session', async () => {
    for (const session of ['secret-b', 'x'.repeat(64)]) {
      const { all } = await show({ session })
      expect(all).toMatch(/session: must be a hash, a handle or a stored key.* on standard input/)
      expect(all).not.toContain(session)
    }
    for (const [given, typed] of [
      [{ session: '0123456789abcdef' }],
      [{ session: 'A'.repeat(43) }],
      [{}, 'secret-none'],
    ] as const) {
      const { all } = await show(given, typed)
      expect(all).toMatch(/^The table "\S+" has no such session\./)
      expect(all).not.toContain('secret-')
    }
    expect((await show({}, ' \n')).all).toMatch(/standard input: is empty/)
  })

  async function listed(given: Parameters<typeof listCommand>[0]) {
    const logger = recordingLogger()
    const aside: RecordingLogger = given.json ? recordingLogger() : logger
    await listCommand(given, logger, aside, SCREEN)
    return { lines: logger.lines, json: given.json ? JSON.parse(logger.lines.join()) : undefined }
  }

  it('list without --by prints all sessions that have not expired, never ids', async () => {
    const { lines } = await listed({})
    expect(lines[0]).toMatch(/^session +created_at/)
    const hashes = lines.slice(1, -1).map((line) => line.slice(0, 16))
    expect(hashes.toSorted()).toEqual(ids.map(hashSessionId).toSorted())
    expect(lines.at(-1)).toBe(`4 sessions in table "${options.tableName}"`)
    expect(lines.join()).not.toContain('secret-')
  })

  it('list --newest prints those that were created last, the newest first', async () => {
    const { json } = await listed({ newest: '2', json: true })
    expect(json.map(({ session }: { session: string }) => session)).toEqual(['secret-d', 'secret-c'].map(hashSessionId))
  })

  it.each([
    [{ newest: '0' }, '--newest: must be a whole number, 1 to 100000, not "0"'],
    [{ newest: '1e3' }, '--newest: must be a whole number'],
    [{ newest: '5', by: 'user_id=1' }, '--newest: works on all sessions; leave out --by or --newest'],
    [{ scan: true }, '--scan: changes nothing without --by; leave it out'],
  ])('list refuses %j', async (given, message) => {
    await expect(listed(given)).rejects.toThrow(message)
  })
})
