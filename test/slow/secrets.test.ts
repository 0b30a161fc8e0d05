import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createProgram } from '../../runtime/cli/program.js'
import { definitionOf, envName, OPTION_NAMES, yamlName } from '../../runtime/configuration/option-table.js'
import type { OptionName } from '../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { messageOf } from '../../runtime/errors.js'
import { DynamoSessionStore } from '../../runtime/express.js'
import { debugText } from '../../runtime/fit-for-output.js'
import { createTable } from '../../runtime/table/create-table.js'
import { anyEngine } from '../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { currentFolderWith, environmentWith } from '../support/folder.js'
import { readItem, writeItem } from '../support/table.js'

/*
 * Secrets of plain words. No pattern can recognise them, so none of them may reach an output at all: redaction by
 * runtime/fit-for-output.ts would come too late.
 */

/** A value for each secret option that the file and ENV can set. */
const SECRETS: Partial<Record<OptionName, string>> = {
  secretKey: 'these plain words sign the ids of sessions',
  encryptionKeys: `k1:${Buffer.from('thirty-two bytes of plain words.').toString('base64')}`,
}
/** The secret option that only code can set. */
const CREDENTIALS = { accessKeyId: 'plain words of a key id', secretAccessKey: 'plain words of an access key' }
/** A text in a wrong place of the file. It may be a part of a secret. */
const WRONG = 'plain words in a wrong place'
const ID = 'plain-words-of-an-id'
const DATA = { user_id: 'plain-words-of-a-user', note: 'plain words of a note' }
const PRIVATE = [
  ...Object.values(SECRETS).map((value) => value.split(':').at(-1) ?? ''),
  ...[CREDENTIALS, DATA].flatMap((texts) => Object.values(texts)),
  WRONG,
  ID,
]

function expectNothingPrivate(texts: readonly string[]): void {
  const output = texts.join('\n')
  expect(PRIVATE.filter((text) => output.includes(text))).toEqual([])
}

it('this file has a secret for each secret option', () => {
  expect([...Object.keys(SECRETS), 'credentials'].sort()).toEqual(
    OPTION_NAMES.filter((name) => definitionOf(name).secret).sort(),
  )
})

describe('ids, data and secret options', () => {
  const engine = anyEngine()
  let proxy: FaultProxy
  let table: { tableName: string; endpoint: string; region: string }
  let printed: string[]

  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    table = { ...engine.options(), endpoint: proxy.endpoint }
    await createTable({ ...table, ttl: false, indexKeys: ['user_id'], root: '/nowhere' })
  })
  beforeEach(() => {
    proxy.reset()
    environmentWith({ NODE_ENV: 'test' })
    printed = []
    const keep = (...parts: unknown[]) =>
      printed.push(...parts.map((part) => (typeof part === 'string' ? part : inspect(part)))) > 0
    const { exitCode } = process
    const spies = [
      ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation(keep),
      ),
      vi.spyOn(process.stdout, 'write').mockImplementation(keep),
      vi.spyOn(process.stderr, 'write').mockImplementation(keep),
      vi.spyOn(process, 'emitWarning').mockImplementation((text) => void keep(text)),
    ]
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore()
      process.exitCode = exitCode
    })
  })
  afterAll(() => proxy.stop())

  const options = () => ({
    ...table,
    root: '/nowhere',
    indexKeys: ['user_id'],
    maxStale: 3600,
    hashSessionIds: false,
    requestTimeout: 1000,
    secretKey: SECRETS.secretKey ?? '',
    credentials: CREDENTIALS,
  })

  /** A store with a session, and the errors that its error handler got. */
  async function storeWith(more: object = {}) {
    const errors: unknown[] = []
    const errorHandler = { handle: (...parts: unknown[]) => void errors.push(...parts) }
    const store = new DynamoSessionStore({ ...options(), errorHandler, ...more })
    onTestFinished(() => store.close())
    await new DynamoSessionStore(options()).set(ID, { cookie: { originalMaxAge: null }, ...DATA })
    return { store, errors }
  }

  const COMMANDS = [
    'config',
    'config --json',
    'doctor',
    'doctor --json',
    'plan',
    'plan --json',
    'policy --account 123456789012',
    'create-table',
    'update-table',
    'list --by user_id=somebody-else',
    'list --by note=x --scan --json',
    'destroy --by user_id=somebody-else',
    'destroy --by note=x --scan --dry-run --json',
    'clean --dry-run',
    'list --by user_id=somebody-else --timeout 0.000001',
    'no-such-command',
  ]

  it.each(['', '1'])('are not in the output of any command (DEBUG=%s)', async (DEBUG) => {
    vi.stubEnv('DEBUG', DEBUG)
    await storeWith()
    const lines = {
      tableName: table.tableName,
      endpoint: table.endpoint,
      region: table.region,
      indexKeys: '[user_id]',
      maxStale: 60,
      hashSessionIds: false,
    }
    const yaml = Object.entries({ ...lines, ...quoted() }).map(
      ([name, text]) => `${yamlName(name as OptionName)}: ${text}`,
    )
    currentFolderWith({ 'config/dynamo_session_store.yml': yaml.join('\n') })
    for (const command of COMMANDS) {
      const before = printed.length
      await createProgram()
        .exitOverride()
        .parseAsync(['node', 'dynamo-session', ...command.split(' ')])
        .catch(() => undefined)
      expect(printed.length, command).toBeGreaterThan(before)
    }
    expectNothingPrivate(printed)
  })

  it.each([
    ['file', `[${WRONG}, { ${WRONG}`],
    ['file', `- | ${WRONG}`],
    ['file', `['${WRONG}']`],
    ['ENV', WRONG],
    ['code', [WRONG]],
  ])('are not in the messages about wrong values from %s: %j', (origin, value) => {
    const names = Object.keys(SECRETS) as OptionName[]
    const yaml = names.map((name) => `${yamlName(name)}: ${value}`).join('\n')
    const root = currentFolderWith({ 'config/dynamo_session_store.yml': origin === 'file' ? yaml : 'max_age: [' })
    const env = origin === 'ENV' ? Object.fromEntries(names.map((name) => [envName(name), String(value)])) : {}
    const code = origin === 'code' ? Object.fromEntries(names.map((name) => [name, value])) : {}
    const error = failure(() => resolveConfiguration({ root, ...code }, env))
    expect(messageOf(error)).toMatch(/secret_?key|encryption_?keys/i)
    expectNothingPrivate(textsOf(error))
  })

  it('are not in errors, whatever fails', async () => {
    const { store, errors } = await storeWith()
    const raising = (await storeWith({ raiseErrors: true })).store
    const locking = (await storeWith({ locking: 'pessimistic', lockMaxWaitTime: 0 })).store
    const elsewhere = (await storeWith({ tableName: 'not-there' })).store
    const session = (more: object) => ({ cookie: { originalMaxAge: null }, ...DATA, ...more })
    const attempt = async (work: () => Promise<unknown>) =>
      void errors.push(await work().catch((error: unknown) => error))
    await attempt(() => store.set(ID, session({ large: 'x'.repeat(500_000) })))
    await attempt(() => store.set(ID, session({ size: 1n })))
    await attempt(() => store.set('', session({})))
    await attempt(() => elsewhere.get(ID))
    await attempt(() => elsewhere.set(ID, session({})))
    for (const error of [
      'ThrottlingException',
      'AccessDeniedException',
      'ValidationException',
      'InternalServerError',
    ]) {
      for (const operation of ['GetItem', 'UpdateItem', 'PutItem', 'DeleteItem']) {
        proxy.inject(operation, { error }, { times: 20 })
      }
      await attempt(() => raising.get(ID))
      await attempt(() => store.get(ID))
      await attempt(() => raising.set(ID, session({ error })))
      await attempt(() => raising.destroy(ID))
      proxy.reset()
    }
    proxy.inject('GetItem', { garbage: 'after' }, { times: 20 })
    await attempt(() => raising.get(ID))
    proxy.reset()
    const item = await readItem(engine.client(), table.tableName, ID, options())
    const broken = { ...item, session_id: { S: ID }, data: { S: `{"note":"${DATA.note}` } }
    await writeItem(
      engine.client(),
      table.tableName,
      { ...broken, locked_at: { S: `${Date.now() / 1000 + 30}` } },
      options(),
    )
    await attempt(() => store.get(ID))
    await attempt(() => locking.get(ID))
    expect(errors.filter((error) => error instanceof Error).length).toBeGreaterThan(15)
    expectNothingPrivate([...errors.flatMap(textsOf), ...printed])
  })

  it('are not shown by inspecting a configuration', () => {
    const configuration = resolveConfiguration({ ...options(), encryptionKeys: [SECRETS.encryptionKeys ?? ''] }, {})
    expectNothingPrivate([inspect(configuration, { depth: 9 }), JSON.stringify(configuration)])
  })
})

/** The secrets as YAML. */
function quoted(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(SECRETS).map(([name, value]) => {
      const isList = definitionOf(name as OptionName).type === 'list'
      return [name, isList ? `['${value}']` : `'${value}'`]
    }),
  )
}

/** Every text that a program makes of an error. */
function textsOf(error: unknown): string[] {
  return [messageOf(error), debugText(error), inspect(error, { depth: 9 }), JSON.stringify(error) ?? '']
}

function failure(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing failed')
}
