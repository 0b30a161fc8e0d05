import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { memoryStorage, Umzug } from 'umzug'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { addGenerator } from '../../../generators/plop/add-generator.js'
import type { PlopPrompt } from '../../../generators/plop/prompts.js'
import { progressText } from '../../../runtime/cli/clean-progress.js'
import {
  consoleLogger as commandLogger,
  configurationForCommand,
  optionsForCommand,
  runCommand,
  standardError,
} from '../../../runtime/cli/command.js'
import { cleanCommand } from '../../../runtime/cli/commands/clean.js'
import { configCommand } from '../../../runtime/cli/commands/config.js'
import { createTableCommand } from '../../../runtime/cli/commands/create-table.js'
import { deleteTableCommand } from '../../../runtime/cli/commands/delete-table.js'
import { destroyCommand } from '../../../runtime/cli/commands/destroy.js'
import { doctorCommand } from '../../../runtime/cli/commands/doctor.js'
import { initCommand } from '../../../runtime/cli/commands/init.js'
import { listCommand } from '../../../runtime/cli/commands/list.js'
import { localCommand } from '../../../runtime/cli/commands/local.js'
import { planCommand } from '../../../runtime/cli/commands/plan.js'
import { policyCommand } from '../../../runtime/cli/commands/policy.js'
import { showCommand } from '../../../runtime/cli/commands/show.js'
import { statsCommand } from '../../../runtime/cli/commands/stats.js'
import { confirm } from '../../../runtime/cli/confirm.js'
import { loadOwnUmzug } from '../../../runtime/cli/own-umzug.js'
import { makePlopfile } from '../../../runtime/cli/plopfile.js'
import { createProgram } from '../../../runtime/cli/program.js'
import { displayOf } from '../../../runtime/cli/progress-display.js'
import { printTarget } from '../../../runtime/cli/target.js'
import { withTransport } from '../../../runtime/cli/timeout.js'
import { UMZUG_COMMANDS } from '../../../runtime/cli/umzug-commands.js'
import { createUmzugProgram } from '../../../runtime/cli/umzug-program.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { assertSecretsUsable } from '../../../runtime/configuration/secrets.js'
import { Connection } from '../../../runtime/dynamodb/connection.js'
import { consoleLogger } from '../../../runtime/logger.js'
import { createUmzug } from '../../../runtime/migrations/create-umzug.js'
import { dryRun } from '../../../runtime/migrations/dry-run/dry-run.js'
import { leniently } from '../../../runtime/migrations/migration-module.js'
import { refuseMissingTable } from '../../../runtime/migrations/missing-table.js'
import { readableLog } from '../../../runtime/migrations/readable-log.js'
import { KnexStorage } from '../../../runtime/migrations/storage/knex.js'
import { acquireLock, describe as describeLock } from '../../../runtime/migrations/storage/lock.js'
import {
  print,
  printAside,
  printFailure,
  printParts,
  warnProcess,
  warnProcessOnce,
  write,
  writeAboveBar,
  writeOverLine,
} from '../../../runtime/output.js'
import { report } from '../../../runtime/session/requests/errors.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { TableWork } from '../../../runtime/table/table-work.js'
import { VERSION } from '../../../runtime/version.js'
import { type Stub, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { FakeTransport } from '../../support/fake-transport.js'
import { environmentWith, folderWith } from '../../support/folder.js'
import { expectFit, HOSTILE, HOSTILE_LINE, HOSTILE_NAME } from '../../support/hostile.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { places } from './sources.js'

let stub: Stub
let printed: string[]

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())

beforeEach(() => {
  // The SDK must not repeat a request after the stub's error.
  environmentWith({ AWS_ENDPOINT_URL: stub.endpoint, AWS_MAX_ATTEMPTS: '1', NODE_ENV: 'test' })
  stub.answer((_, response) => sendJson(response, { __type: 'x#ValidationException', message: HOSTILE }, 400))
  printed = []
  const keep = (...parts: unknown[]) => printed.push(...parts.map(String)) > 0
  const { exitCode } = process
  const spies = [
    ...(['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name).mockImplementation(keep)),
    vi.spyOn(process.stdout, 'write').mockImplementation(keep),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep),
    vi.spyOn(process, 'emitWarning').mockImplementation((text) => void keep(text)),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
    process.exitCode = exitCode
  })
})

/** A stream that keeps its output. */
function screen(members: { isTTY?: boolean } = {}) {
  const stream = Object.assign(new PassThrough(), members)
  stream.on('data', (data) => printed.push(String(data).replace(OUR_SEQUENCES, '')))
  return stream
}

/** Control sequences that draw a progress bar. */
const OUR_SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removes control sequences
  /\r|\u001b(?:[78]|\[\??\d*[A-Za-z])/g

/** A configuration file with the worst name that the file system takes. */
function hostileFile(text = ''): string {
  return join(folderWith({ [HOSTILE_NAME]: text }), HOSTILE_NAME)
}

function hostileUmzug() {
  const storage = Object.assign(memoryStorage(), { executed: async () => [`0${HOSTILE_NAME}`] })
  const migrations = [`0${HOSTILE_NAME}`, HOSTILE_NAME].map((name) => ({ name, up: async () => {} }))
  return new Umzug({ migrations, storage, logger: undefined })
}

const failing = () => Promise.reject(new Error(HOSTILE, { cause: new Error(HOSTILE) }))

/** What a hostile endpoint answers to the requests of `plan`. */
function hostileSettings(target: string): object {
  if (target.endsWith('.DescribeTable')) {
    const KeySchema = [{ AttributeName: HOSTILE, KeyType: 'HASH' }]
    const GlobalSecondaryIndexes = [{ IndexName: HOSTILE, IndexStatus: HOSTILE, KeySchema }]
    const SSEDescription = { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: HOSTILE }
    const known = { TableName: HOSTILE, TableStatus: 'ACTIVE', TableArn: HOSTILE }
    return { Table: { ...known, KeySchema, GlobalSecondaryIndexes, SSEDescription } }
  }
  const TimeToLiveDescription = { TimeToLiveStatus: 'ENABLED', AttributeName: HOSTILE }
  return { TimeToLiveDescription, Tags: [{ Key: HOSTILE, Value: HOSTILE }] }
}

function tableWork(logger: ReturnType<typeof recordingLogger>): TableWork {
  const configuration = resolveConfiguration({ root: folderWith() })
  return new TableWork(configuration, new Connection(configuration), { logger })
}

/** The log lines after three seconds without a response from a hostile region. */
async function told(
  wait: (logger: ReturnType<typeof recordingLogger>) => Promise<unknown>,
): Promise<readonly string[]> {
  vi.stubEnv('AWS_ENDPOINT_URL', undefined)
  vi.stubEnv('AWS_REGION', HOSTILE)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const logger = recordingLogger()
  const end = wait(logger).catch((error: unknown) => error)
  while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve))
  await vi.advanceTimersByTimeAsync(30_000)
  const error = await end
  expect(logger.warnings).toEqual([expect.stringMatching(/^waiting for the response to Scan from DynamoDB in /)])
  return [...logger.warnings, String(error)]
}

const silence = () => new Promise<never>(() => {})

/** A hostile case for each file with output. The returned text is output too. */
const PLACES: readonly (readonly [file: string, run: () => unknown])[] = [
  ['runtime/output.ts', () => print(HOSTILE_LINE)],
  ['runtime/output.ts', () => printAside(HOSTILE_LINE)],
  ['runtime/output.ts', () => write(process.stderr, HOSTILE_LINE)],
  ['runtime/output.ts', () => writeOverLine(process.stdout, HOSTILE_LINE)],
  ['runtime/output.ts', () => writeAboveBar(screen(), HOSTILE)],
  ['runtime/output.ts', () => printParts(screen(), [{ text: HOSTILE, colour: 'red' }])],
  ['runtime/output.ts', () => warnProcess(HOSTILE_LINE, 'CODE')],
  ['runtime/output.ts', () => warnProcessOnce(HOSTILE_LINE, 'CODE')],
  ['runtime/output.ts', () => printFailure(new Error(HOSTILE), HOSTILE_LINE)],
  ['runtime/logger.ts', () => consoleLogger.info(HOSTILE_LINE)],
  ['runtime/logger.ts', () => consoleLogger.warn(HOSTILE_LINE)],
  ['runtime/cli/command.ts', () => standardError.info(HOSTILE_LINE)],
  ['runtime/cli/command.ts', () => commandLogger.info(HOSTILE_LINE)],
  ['runtime/cli/command.ts', () => commandLogger.warn(HOSTILE_LINE)],
  ['runtime/cli/command.ts', () => runCommand(failing)],
  ['runtime/cli/command.ts', () => runCommand(async () => void (await optionsForCommand({ options: HOSTILE_NAME })))],
  ['runtime/cli/command.ts', () => runCommand(async () => void (await optionsForCommand({ environment: HOSTILE })))],
  [
    'runtime/cli/command.ts',
    () => {
      vi.stubEnv(`AWS_DYNAMO_DB_SESSION_X\u001b\nforged`, 'x')
      configurationForCommand({ root: folderWith() })
    },
  ],
  [
    'runtime/cli/command.ts',
    () =>
      runCommand(async () => void configurationForCommand({ configFile: hostileFile('table_name: "\\e[31m"\nx: [') })),
  ],
  [
    'runtime/cli/command.ts',
    () => {
      vi.stubEnv('AWS_DYNAMO_DB_SESSION_LOCKING', HOSTILE)
      return runCommand(async () => void configurationForCommand({ root: folderWith() }))
    },
  ],
  ...[createProgram, createUmzugProgram].map((create): [string, () => unknown] => [
    'runtime/cli/base-program.ts',
    () =>
      create()
        .exitOverride()
        .parseAsync(['node', 'program', HOSTILE_LINE])
        .catch(() => undefined),
  ]),
  ['runtime/cli/target.ts', () => printTarget(resolveConfiguration({ configFile: hostileFile() }), consoleLogger)],
  ['runtime/cli/commands/config.ts', () => configCommand({ config: hostileFile(`tags:\n  a: "x\\x9b\\e[31m"\n`) })],
  [
    'runtime/cli/commands/config.ts',
    () => configCommand({ config: hostileFile(`tags:\n  a: "x\\x9b\\e[31m"\n`), json: true }),
  ],
  ['runtime/cli/commands/doctor.ts', () => runCommand(() => doctorCommand({ config: hostileFile() }))],
  [
    'runtime/cli/commands/doctor.ts',
    () => runCommand(() => doctorCommand({ config: hostileFile() }, undefined, screen({ isTTY: true }))),
  ],
  [
    'runtime/cli/doctor/diagnose.ts',
    async () => {
      const silent = new Promise<void>((resolve) => stub.answer(() => resolve()))
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      vi.stubEnv('AWS_ENDPOINT_URL', `${stub.endpoint}/\u001b[31m\nforged`)
      const end = runCommand(() => doctorCommand({}))
      await silent
      await vi.advanceTimersByTimeAsync(30_000)
      await end
      expect(printed.filter((text) => text.startsWith('warning: waiting for'))).toHaveLength(1)
    },
  ],
  [
    'runtime/cli/timeout.ts',
    () =>
      told((logger) =>
        withTransport(
          resolveConfiguration({ root: folderWith() }),
          { requestTimeout: 30_000, logger },
          ({ patience }) => patience.within('Scan', silence),
        ),
      ),
  ],
  ['runtime/table/table-work.ts', () => told((logger) => tableWork(logger).request('Scan', silence))],
  ['runtime/cli/commands/list.ts', () => runCommand(() => listCommand({ by: 'user_id=1', scan: true }))],
  ['runtime/cli/commands/list.ts', () => runCommand(() => listCommand({ by: `${HOSTILE_LINE}=1`, json: true }))],
  ['runtime/cli/commands/list.ts', () => runCommand(() => listCommand({ newest: '5' }))],
  ['runtime/cli/commands/show.ts', () => runCommand(() => showCommand({ session: HOSTILE_LINE }))],
  ['runtime/cli/commands/show.ts', () => runCommand(() => showCommand({ session: '5f1c02a1b2c3d4e5', data: true }))],
  ['runtime/cli/commands/stats.ts', () => runCommand(() => statsCommand({ html: `${HOSTILE_LINE}/x` }))],
  ['runtime/cli/commands/stats.ts', () => runCommand(() => statsCommand({}))],
  ['runtime/cli/commands/destroy.ts', () => runCommand(() => destroyCommand({ by: 'user_id=1', scan: true }))],
  ['runtime/cli/commands/plan.ts', () => runCommand(() => planCommand({ config: hostileFile() }))],
  [
    'runtime/cli/commands/policy.ts',
    () => runCommand(() => policyCommand({ config: hostileFile(), account: '123456789012' })),
  ],
  ...[{}, { json: true }].map((options): [string, () => unknown] => [
    'runtime/cli/commands/plan.ts',
    () => {
      // A hostile endpoint sends such a table. In a terminal with colours, only our own sequences remain.
      stub.answer(({ headers }, response) => sendJson(response, hostileSettings(String(headers['x-amz-target']))))
      const colourful = Object.assign(screen({ isTTY: true }), { hasColors: () => true })
      return runCommand(() => planCommand({ config: hostileFile(), ...options }, consoleLogger, colourful))
    },
  ]),
  [
    'runtime/table/verify-table.ts',
    () => {
      stub.answer(({ headers }, response) => sendJson(response, hostileSettings(String(headers['x-amz-target']))))
      return runCommand(() => createTableCommand({ config: hostileFile('manage_table: false\n') }))
    },
  ],
  ['runtime/cli/commands/create-table.ts', () => runCommand(() => createTableCommand({ config: hostileFile() }))],
  [
    'runtime/cli/commands/delete-table.ts',
    () => runCommand(() => deleteTableCommand({ config: hostileFile(), yes: true })),
  ],
  [
    'runtime/cli/commands/delete-table.ts',
    () => {
      const input = Object.assign(new PassThrough(), { isTTY: true })
      input.end()
      return runCommand(() => deleteTableCommand({}, consoleLogger, { input, output: screen() }))
    },
  ],
  [
    'runtime/cli/commands/clean.ts',
    () => runCommand(() => cleanCommand({ expireAtOnly: true, config: hostileFile() })),
  ],
  [
    'runtime/cli/progress-display.ts',
    async () => {
      const display = await displayOf(
        progressText,
        resolveConfiguration({ root: folderWith() }),
        consoleLogger,
        screen({ isTTY: true }),
      )
      display.line(HOSTILE)
      display.end()
    },
  ],
  [
    'runtime/cli/commands/init.ts',
    async () => {
      const folder = join(folderWith({ 'plopfile.js': '' }), HOSTILE_NAME)
      mkdirSync(folder)
      await initCommand({ environment: HOSTILE_NAME }, consoleLogger, folder)
    },
  ],
  [
    'runtime/cli/commands/local.ts',
    () => runCommand(() => localCommand({ port: '0', path: join(folderWith({ file: '' }), 'file', HOSTILE_NAME) })),
  ],
  ['runtime/cli/commands/local.ts', () => runCommand(() => localCommand({ port: HOSTILE }))],
  [
    'runtime/cli/own-umzug.ts',
    () => {
      const folder = folderWith({ 'umzug.mjs': `throw new Error(${JSON.stringify(HOSTILE)})` })
      return runCommand(async () => void (await loadOwnUmzug(join(folder, 'umzug.mjs'), folder, consoleLogger)))
    },
  ],
  [
    'runtime/cli/plopfile.ts',
    () => {
      const above = join(folderWith(), HOSTILE_NAME)
      mkdirSync(join(above, 'application'), { recursive: true })
      writeFileSync(join(above, 'plopfile.js'), '')
      makePlopfile(consoleLogger, join(above, 'application'))
    },
  ],
  ['runtime/cli/umzug-commands.ts', () => UMZUG_COMMANDS.status(hostileUmzug(), {})],
  ['runtime/cli/umzug-commands.ts', () => UMZUG_COMMANDS.pending(hostileUmzug(), {})],
  ['runtime/cli/umzug-commands.ts', () => UMZUG_COMMANDS.executed(hostileUmzug(), {})],
  ['runtime/cli/umzug-commands.ts', () => UMZUG_COMMANDS.pending(hostileUmzug(), { json: true })],
  ['runtime/cli/umzug-commands.ts', () => runCommand(() => UMZUG_COMMANDS.up(hostileUmzug(), { to: HOSTILE }))],
  [
    'runtime/cli/umzug-commands.ts',
    async () => {
      const record = { holder: HOSTILE, since: HOSTILE, version: '1', lease: 1 }
      const lock = { read: async () => record, write: async () => true, remove: async () => true }
      const storage = { ...memoryStorage(), description: HOSTILE_LINE, lock, close: async () => {} }
      await UMZUG_COMMANDS.unlock(createUmzug({ root: folderWith(), storage }))
    },
  ],
  ['runtime/cli/dry-run.ts', () => UMZUG_COMMANDS.up(hostileUmzug(), { dryRun: true })],
  [
    'runtime/cli/confirm.ts',
    async () => {
      const input = Object.assign(new PassThrough(), { isTTY: true })
      input.end('yes\n')
      expect(await confirm(HOSTILE, { input, output: screen() })).toBe(true)
    },
  ],
  [
    'runtime/migrations/dry-run/dry-run.ts',
    async () => {
      const name = 'node_modules/dynamo-session-store'
      Object.assign(globalThis, { deleteHostile: () => deleteTable({ root: folderWith(), region: 'us-east-1' }) })
      const root = folderWith({
        'package.json': '{}',
        [`${name}/package.json`]: JSON.stringify({ version: VERSION, main: 'index.js' }),
        [`${name}/index.js`]: 'exports.deleteTable = () => deleteHostile()',
        '1.cjs': "exports.down = () => require('dynamo-session-store').deleteTable()",
      })
      const logger = recordingLogger()
      const runs = await dryRun(
        'down',
        {},
        {
          executed: [{ name: '1', path: join(root, '1.cjs') }],
          pending: [],
          root,
          load: leniently,
          options: {},
          logger,
          tables: async () => ({
            note: async () => {},
            reasonToKeep: async () => HOSTILE_LINE,
            reasonToChangeNothing: () => HOSTILE_LINE,
          }),
        },
      )
      expect(runs).toEqual([{ name: '1', requests: [] }])
      return logger.warnings
    },
  ],
  [
    'runtime/migrations/missing-table.ts',
    async () => {
      const logger = recordingLogger()
      const configuration = resolveConfiguration({ root: folderWith(), region: 'us-east-1' })
      await refuseMissingTable(configuration, new Map([['1_a', undefined]]), logger)
      return logger.warnings
    },
  ],
  [
    'runtime/migrations/storage/knex.ts',
    async () => {
      const logger = recordingLogger()
      const alterTable = () => Promise.reject(new Error(HOSTILE))
      const schema = { hasTable: async () => true, hasColumn: async () => false, alterTable }
      const rows = { where: () => rows, update: async () => 1 }
      const knex = Object.assign(() => rows, { schema, client: {}, raw() {}, destroy: async () => {} })
      await new KnexStorage({ knex }, { logger }).setDetails('1_a', {})
      return logger.warnings
    },
  ],
  [
    'runtime/migrations/storage/lock.ts',
    async () => {
      const logger = recordingLogger()
      const record = { holder: HOSTILE, since: HOSTILE, version: '1', lease: 0 }
      const store = { read: async () => record, write: async () => true, remove: async () => true }
      await (await acquireLock(store, { logger, lease: 60_000 })).release()
      return [...logger.lines, ...logger.warnings, describeLock(record)]
    },
  ],
  [
    'runtime/migrations/readable-log.ts',
    () => {
      const logger = recordingLogger()
      const log = readableLog(() => logger)
      log.info({ event: 'migrating', name: HOSTILE })
      log.info({ event: 'migrated', name: HOSTILE, durationSeconds: 1 })
      log.warn({ message: HOSTILE })
      return [...logger.lines, ...logger.warnings]
    },
  ],
  [
    'runtime/migrations/session-umzug.ts',
    async () => {
      const logger = recordingLogger()
      const storage = Object.assign(memoryStorage(), { executed: async () => [HOSTILE_NAME] })
      const folder = folderWith()
      mkdirSync(join(folder, 'migrations'))
      writeFileSync(join(folder, 'migrations', `1_${HOSTILE_NAME}.mjs`), 'export async function up() {}')
      await createUmzug({ root: folder, storage, logger }).up()
      expect(logger.warnings).toHaveLength(1)
      return [...logger.lines, ...logger.warnings]
    },
  ],
  [
    'runtime/configuration/secrets.ts',
    () => {
      const configFile = hostileFile('secret_key: short\n')
      assertSecretsUsable(resolveConfiguration({ configFile }))
    },
  ],
  [
    'runtime/session/session-repository.ts',
    async () => {
      vi.resetModules() // the package warns once a process
      const { SessionRepository } = await import('../../../runtime/session/session-repository.js')
      const repository = new SessionRepository(resolveConfiguration(), { transport: new FakeTransport() })
      void repository.create('x', {})
    },
  ],
  ['runtime/session/requests/errors.ts', () => report(new Error(HOSTILE), { operation: 'get' })],
  [
    'runtime/dynamodb/server-clock.ts',
    async () => {
      vi.resetModules() // the module warns once a process, which test files share
      const { ServerClock } = await import('../../../runtime/dynamodb/server-clock.js')
      const clock = new ServerClock()
      const aDayAgo = new Date(Date.now() - 86_400_000).toUTCString()
      for (let answers = 0; answers < 2; answers += 1)
        clock.observe(aDayAgo, { wall: Date.now(), monotonic: performance.now() })
    },
  ],
  ...[
    'runtime/table/create-table.ts',
    'runtime/table/delete-table.ts',
    'runtime/table/table-indexes.ts',
    'runtime/table/time-to-live.ts',
    'runtime/table/recovery.ts',
    'runtime/table/update-table.ts',
    'runtime/cleaning/requests.ts',
    'runtime/cleaning/deletions.ts',
  ].map((file): [string, () => unknown] => [
    file,
    () => {
      const logger = recordingLogger()
      tableWork(logger).logger.info(HOSTILE_LINE)
      tableWork(logger).logger.warn(HOSTILE_LINE)
      return [...logger.lines, ...logger.warnings]
    },
  ]),
  [
    'generators/plop/add-generator.ts',
    async () => {
      const { prompts, actions } = await hostileGenerator()
      const refused = await prompts.find(({ name }) => name === 'word')?.validate?.('x')
      return [refused, await actions({})[0]?.({}, {})]
    },
  ],
  [
    'generators/plop/run-generator.ts',
    async () => {
      const { actions } = await hostileGenerator()
      return await actions({})[0]?.({}, {})
    },
  ],
]

it.each(PLACES.map(([file, run], index) => ({ file, run, index })))(
  'shows nothing secret and nothing harmful in $file ($index)',
  async ({ run }) => {
    const returned = [(await run()) ?? []].flat().map(String)
    const texts = [...printed, ...returned]
    expect(texts.join('').length).toBeGreaterThan(0)
    for (const text of texts) expectFit(text)
  },
)

it('shows nothing secret or harmful with DEBUG', async () => {
  vi.stubEnv('DEBUG', '1')
  await runCommand(failing)
  await runCommand(() => listCommand({ by: 'user_id=1', scan: true }))
  expect(printed.join('\n')).toMatch(/\n {4}at /)
  for (const text of printed) expectFit(text)
})

it('has a case for each file that prints or logs', () => {
  const known = new Set(PLACES.map(([file]) => file))
  expect(places().filter((file) => !known.has(file))).toEqual([])
})

/** A generator as plop gets it, whose texts are all hostile. */
async function hostileGenerator() {
  type Added = { prompts: PlopPrompt[]; actions: (answers: object) => ((answers: object, config: object) => unknown)[] }
  const added: Added[] = []
  const plop = { getDestBasePath: () => '/', setGenerator: (_: string, generator: Added) => added.push(generator) }
  await addGenerator(
    plop as unknown as Parameters<typeof addGenerator>[0],
    {
      name: 'hostile',
      sentence: 'Writes nothing.',
      questions: { word: { message: '', help: '', problem: () => HOSTILE_LINE } },
      examples: [],
      plan: () => ({
        files: [{ path: `/${HOSTILE_NAME}`, text: HOSTILE_LINE }],
        notices: [HOSTILE_LINE],
        next: HOSTILE_LINE,
      }),
    },
    { force: false, argv: ['node', 'plop', 'hostile', '--dry-run'] },
  )
  const [generator] = added
  if (generator === undefined) throw new Error('no generator was added')
  return generator
}
