import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ByOptions } from '../../../runtime/cli/by-option.js'
import { type DestroyOptions, destroyCommand } from '../../../runtime/cli/commands/destroy.js'
import { listCommand } from '../../../runtime/cli/commands/list.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { cleanEnvironment } from '../../support/app.js'
import { connectionTo } from '../../support/connection.js'
import { newKey } from '../../support/encryption.js'
import { anyEngine, type Engine, onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { currentFolderWith, environmentWith, folderWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import { hashesByDefault, type KeyOptions, storedKey } from '../../support/stored-key.js'
import { readItem, writeItem } from '../../support/table.js'

const FILE = 'config/dynamo_session_store.yml'

/** 2033-05-18T03:33:20Z, so that nothing is over. */
const CREATED = '2000000000'
const UPDATED = '2000000060.123456000000001'

onEachEngine('dynamo-session list and destroy', (engine) => {
  let proxy: FaultProxy
  let options: ReturnType<typeof engine.options>
  let user = 0

  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    options = engine.options()
    await createTable({ ...options, ttl: false, indexKeys: ['user_id'] })
  })
  beforeEach(() => {
    user += 1
    proxy.reset()
    environmentWith()
    currentFolderWith({ [FILE]: yaml(options.tableName, proxy.endpoint) })
  })
  afterAll(() => proxy.stop())

  const put = (id: string, more: Parameters<typeof writeItem>[2] = {}, keys?: KeyOptions) => {
    const data = { S: JSON.stringify({ user_id: user }) }
    const times = { created_at: { S: CREATED }, updated_at: { S: UPDATED }, expire_at: { N: '2000003600' } }
    return writeItem(engine.client(), options.tableName, { session_id: { S: id }, data, ...times, ...more }, keys)
  }
  const indexed = () => ({ user_id: { S: String(user) } })
  const item = (id: string, keys?: KeyOptions) => readItem(engine.client(), options.tableName, id, keys)

  async function run(
    command: (options: DestroyOptions, ...loggers: never[]) => Promise<void>,
    more: Partial<DestroyOptions> = {},
  ) {
    const logger = recordingLogger()
    const aside = recordingLogger()
    const call = command as (options: ByOptions, ...loggers: unknown[]) => Promise<void>
    const failure = await call({ by: `user_id=${user}`, ...more }, logger, more.json ? aside : logger).then(
      () => undefined,
      (error: Error) => error,
    )
    return { ...logger, aside: aside.lines, failure }
  }

  describe('of encrypted sessions', () => {
    const [K1, K2] = [newKey('k1'), newKey('k2')]
    const KEYS = 'AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS'
    const signIn = async (...encryptionKeys: string[]) => {
      const configuration = resolveConfiguration({ ...options, indexKeys: ['user_id'], encryptionKeys })
      const sessions = new SessionRepository(configuration, connectionTo(engine.client()))
      await sessions.create(`secret-${user}-${encryptionKeys[0]?.slice(0, 2)}`, { user_id: user })
    }

    beforeEach(() => environmentWith({ [KEYS]: '' }))

    it('need the keys, and find nothing without them', async () => {
      await signIn(K1)
      await signIn(K2)
      for (const command of [listCommand, destroyCommand]) {
        expect((await run(command)).lines.at(-1)).toMatch(/^0 sessions .*, searched without encryption_keys$/)
        const { failure } = await run(command, { scan: true })
        expect(failure).toMatchObject({ name: 'EncryptionKeyError', message: expect.stringMatching(/no keys are set/) })
      }
      environmentWith({ [KEYS]: `${newKey('k3')},${newKey('k4')}` })
      for (const command of [listCommand, destroyCommand]) {
        expect((await run(command)).lines.at(-1)).toMatch(/^0 sessions .*, searched with the keys k3, k4$/)
      }
      environmentWith({ [KEYS]: `${K2},${K1}` })
      expect((await run(listCommand)).lines.at(-1)).toBe(`2 sessions in table "${options.tableName}"`)
      expect((await run(destroyCommand, { dryRun: true })).lines.at(-1)).toBe('dry run: 2 sessions would be deleted')
      expect((await run(destroyCommand)).lines.at(-1)).toBe('2 sessions deleted')
      expect((await run(listCommand)).failure).toBeUndefined()
    })

    it('print no such hint with --json', async () => {
      const { lines, failure } = await run(destroyCommand, { json: true })
      expect({ failure, result: JSON.parse(lines.join('\n')) }).toEqual({ result: { deleted: 0, dryRun: false } })
    })

    it('say which variable is missing, and print no key', async () => {
      const file = yaml(options.tableName, proxy.endpoint)
      currentFolderWith({ [FILE]: `${file}encryption_keys: ["${'${NEW_KEY}'}", "${'${OLD_KEY}'}"]\n` })
      environmentWith({ NEW_KEY: K1 })
      const { failure } = await run(listCommand)
      expect(failure?.message).toMatch(/encryption_keys: the environment variable OLD_KEY is not set/)
      expect(failure?.message).not.toContain(K1.slice(3))
    })
  })

  it('list prints hashes and times of all sessions, never ids', async () => {
    const ids = Array.from({ length: 105 }, (_, number) => `secret-${user}-${number}`)
    await Promise.all(ids.map((id) => put(id, indexed())))
    await put(`secret-${user}-bare`, { ...indexed(), created_at: { S: 'x' }, expire_at: { S: 'never' } })
    const { lines, failure } = await run(listCommand)
    expect(failure).toBeUndefined()
    expect(lines[0]).toBe('session           created_at            updated_at            expire_at             handle')
    const row = `${hashSessionId(`secret-${user}-7`)}  2033-05-18T03:33:20Z  2033-05-18T03:34:20Z  2033-05-18T04:33:20Z`
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${row}  [\\w-]{43}$`)))
    const bare = hashSessionId(`secret-${user}-bare`)
    const times = `-                     2033-05-18T03:34:20Z  -                   `
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${bare}  ${times}  [\\w-]{43}$`)))
    expect(new Set(lines.slice(1, -1).map((line) => line.slice(0, 16))).size).toBe(106)
    expect(lines.at(-1)).toBe(`106 sessions in table "${options.tableName}"`)
    expect(lines.filter((line) => line.startsWith('session '))).toHaveLength(1)
    expect(lines.join()).not.toContain('secret-')
    expect(proxy.operations.filter((operation) => operation === 'Query')).toHaveLength(2)
  })

  it('list prints only JSON with --json, and finds with --scan what the index lacks', async () => {
    await put(`secret-${user}`)
    const { lines } = await run(listCommand, { json: true })
    expect(lines).toEqual(['[]'])
    const scanned = await run(listCommand, { json: true, scan: true })
    expect(JSON.parse(scanned.lines.join())).toEqual([
      {
        session: hashSessionId(`secret-${user}`),
        handle: expect.stringMatching(/^[\w-]{43}$/),
        key: hashesByDefault() ? storedKey(`secret-${user}`) : null,
        created_at: '2033-05-18T03:33:20Z',
        updated_at: '2033-05-18T03:34:20Z',
        expire_at: '2033-05-18T04:33:20Z',
      },
    ])
    expect((await run(listCommand)).lines).toEqual([
      `0 sessions in table "${options.tableName}"${encryptsByDefault() ? ', searched with the keys test' : ', searched without encryption_keys'}`,
    ])
  })

  it('destroy prints the target, deletes the sessions and says how many', async () => {
    await Promise.all([put(`a-${user}`, indexed()), put(`b-${user}`, indexed())])
    const { lines, failure } = await run(destroyCommand)
    expect(failure).toBeUndefined()
    expect(lines.slice(0, 5)).toContain(`table:              ${options.tableName}`)
    expect(lines.at(-1)).toBe('2 sessions deleted')
    expect([await item(`a-${user}`), await item(`b-${user}`)]).toEqual([undefined, undefined])
  })

  it.each([false, true])('both are limited by key_prefix, and hash the ids without it (scan: %s)', async (scan) => {
    const config = `${yaml(options.tableName, proxy.endpoint)}key_prefix: 'shop:'\n`
    currentFolderWith({ [FILE]: config })
    const applications = [{ keyPrefix: 'shop:' }, { keyPrefix: 'news:' }, {}]
    await Promise.all(applications.map((application) => put(`a-${user}`, indexed(), application)))
    const { lines } = await run(listCommand, { scan, json: true })
    expect(JSON.parse(lines.join()).map(({ session }: { session: string }) => session)).toEqual([
      hashSessionId(`a-${user}`),
    ])
    expect((await run(destroyCommand, { scan, dryRun: true })).lines.at(-1)).toBe('dry run: 1 session would be deleted')
    const destroyed = await run(destroyCommand, { scan })
    expect(destroyed.lines.at(-1)).toBe('1 session deleted')
    expect(destroyed.lines).toContain('key_prefix:         shop:')
    expect(
      (await Promise.all(applications.map((application) => item(`a-${user}`, application)))).map(
        (found) => found !== undefined,
      ),
    ).toEqual([false, true, true])
  })

  it('destroy deletes nothing with --dry-run, and with --scan also what the index lacks', async () => {
    await Promise.all([put(`a-${user}`, indexed()), put(`b-${user}`)])
    expect((await run(destroyCommand, { dryRun: true })).lines.at(-1)).toBe('dry run: 1 session would be deleted')
    const { lines, aside } = await run(destroyCommand, { dryRun: true, scan: true, json: true })
    expect(JSON.parse(lines.join())).toEqual({ found: 2, deleted: 0, dryRun: true })
    expect(aside).toContain(`table:              ${options.tableName}`)
    expect(await item(`a-${user}`)).toBeDefined()
    expect(proxy.operations).not.toContain('DeleteItem')
    const destroyed = await run(destroyCommand, { scan: true, json: true })
    expect(JSON.parse(destroyed.lines.join())).toEqual({ deleted: 2, dryRun: false })
  })

  it.each([false, true])('destroy --others keeps the session with this handle or hash (scan: %s)', async (scan) => {
    const ids = ['a', 'b', 'c', 'd'].map((name) => `secret-${name}-${user}`)
    await Promise.all(ids.map((id) => put(id, indexed())))
    const { lines } = await run(listCommand, { json: true })
    const listed: { session: string; handle: string }[] = JSON.parse(lines.join())
    const [byHandle, byHash] = listed
    const dry = await run(destroyCommand, { others: byHandle?.handle ?? '', dryRun: true, scan })
    expect(dry.failure).toBeUndefined()
    expect(dry.lines.at(-1)).toBe('dry run: 3 sessions would be deleted')
    const destroyed = await run(destroyCommand, { others: byHandle?.handle ?? '', scan, json: true })
    expect(JSON.parse(destroyed.lines.join())).toEqual({ deleted: 3, dryRun: false })
    const kept = JSON.parse((await run(listCommand, { json: true })).lines.join())
    expect(kept).toEqual([byHandle])
    const missing = await run(destroyCommand, { others: byHash?.session ?? '', scan })
    expect(missing.failure?.message).toBe(
      `--others ${byHash?.session}: no session with user_id=${user} has this handle or hash, so nothing was deleted. ` +
        `npx dynamo-session list --by user_id=${user} prints both.`,
    )
    expect((await run(destroyCommand, { others: byHandle?.session ?? '', scan })).lines.at(-1)).toBe(
      '0 sessions deleted',
    )
  })

  it('destroy that fails after some deletions says how many were deleted', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => put(`secret-${name}-${user}`, indexed())))
    const fault = { error: 'AccessDeniedException', message: 'not authorized to perform: dynamodb:DeleteItem' }
    proxy.inject('DeleteItem', fault, { times: 10, after: 1 })
    const { failure, lines } = await run(destroyCommand)
    expect(failure?.message).toMatch(/^1 session was deleted, then a request failed. .*dynamodb:DeleteItem/)
    expect(`${lines} ${failure?.message}`).not.toContain('secret-')
  })

  it.each(['user_id', 'user_id=', '=42'])('refuse --by %s', async (by) => {
    for (const command of [listCommand, destroyCommand]) {
      const { failure } = await run(command, { by })
      expect(failure?.message).toMatch(/^--by: must look like user_id=42/)
    }
    expect(proxy.operations).toEqual([])
  })

  it('refuse a key that is not among index_keys, unless the table is scanned', async () => {
    const { failure } = await run(destroyCommand, { by: 'tenant=a=b' })
    expect(failure?.message).toContain(`index_keys: "tenant" is not among them (user_id; ${FILE}:4)`)
    await put(`a-${user}`, { data: { S: '{"tenant":"a=b"}' } })
    expect((await run(destroyCommand, { by: 'tenant=a=b', scan: true })).lines.at(-1)).toBe('1 session deleted')
  })
})

describe('the executable', () => {
  const engine = anyEngine()

  it.skipIf(encryptsByDefault())(
    'deletes the sessions of a user, and ends with code 1 where the index is missing',
    async () => {
      const options = engine.options()
      await createTable({ ...options, ttl: false, indexKeys: ['user_id'] })
      const Item = { session_id: { S: 'secret' }, data: { S: '{"user_id":42}' }, user_id: { S: '42' } }
      await writeItem(engine.client(), options.tableName, Item)
      const ended = await execute(engine, options.tableName, 'destroy', '--by', 'user_id=42')
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout).toMatch(/\n1 session deleted\n$/)
      const other = engine.options()
      await createTable({ ...other, ttl: false })
      const failed = await execute(engine, other.tableName, 'list', '--by', 'user_id=42')
      expect(failed).toMatchObject({ code: 1, stdout: '' })
      expect(failed.stderr).toMatch(
        /^error \[INDEX_MISSING\]: The index "user_id-index" of the table \S+ does not exist\./,
      )
    },
  )
})

function yaml(tableName: string, endpoint: string): string {
  return `table_name: ${tableName}\nendpoint: ${endpoint}\nregion: us-east-1\nindex_keys: [user_id]\n`
}

function execute(engine: Engine, tableName: string, ...args: string[]) {
  const cwd = folderWith({ [FILE]: yaml(tableName, engine.endpoint) })
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const main = join(import.meta.dirname, '../../../runtime/cli/dynamo-session.ts')
  const env = { ...cleanEnvironment(), NODE_NO_WARNINGS: '1' }
  const child = spawn(process.execPath, ['--import', tsx, main, ...args], { cwd, env })
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
