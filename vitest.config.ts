import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const support = join(import.meta.dirname, 'test/support')

/**
 * The contract suites: those that run on each engine. Project `servers` repeats only them, because an engine makes no
 * difference to the other files of test/integration.
 */
const contracts = readdirSync('test/integration', { recursive: true, encoding: 'utf8' })
  .map((file) => join('test/integration', file))
  .filter((file) => file.endsWith('.test.ts') && /\bonEach(Engine|Storage)\(/.test(readFileSync(file, 'utf8')))

/** What `npm test` has of the end-to-end tests: they need no network. */
const smoke = ['test/e2e/smoke.test.ts', 'test/e2e/option-comments.test.ts']

/**
 * Long suites that `npm test` leaves to the projects that repeat contract suites. It has compressed sessions in session/item,
 * and Rails' items and cookies in session/ruby-gem and adapters/fetch.
 */
const repeated = ['test/integration/adapters/compressed.test.ts', 'test/integration/adapters/fetch/rails.test.ts']

const patient = {
  // Files share a process, which saves half of the CPU time: no test may leave anything behind (mocks, ENV, timers).
  isolate: false,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  setupFiles: [join(support, 'patience-setup.ts')],
  expect: { poll: { timeout: 20_000 } },
}

/** Nobody waits for long: neither the package nor the SDK. What `slow` and `e2e` test waits as it does for users. */
const quick = { ...patient, setupFiles: [...patient.setupFiles, join(support, 'quick-setup.ts')] }
/** `#yaml` is `yaml` itself, so that a missing or old dist/ doesn't matter (package.json, `imports`). */
const packages = { alias: [{ find: /^#(.+)$/, replacement: '$1' }] }
/** The programs of docs/snippets/ import the package by its name. Tests run the sources, so dist/ doesn't matter. */
const sources = [
  { find: /^dynamo-session-store$/, replacement: join(import.meta.dirname, 'runtime/index.ts') },
  { find: /^dynamo-session-store\/([a-z-]+)$/, replacement: join(import.meta.dirname, 'runtime/$1.ts') },
]
const quickSleep = {
  alias: [
    { find: /^\.{1,2}\/(.*\/)?async\/sleep\.js$/, replacement: join(support, 'quick-sleep.ts') },
    ...packages.alias,
    ...sources,
  ],
}

const engines = join(support, 'engines-setup.ts')
const applications = { globalSetup: [engines, join(support, 'app-setup.ts')], testTimeout: 120_000 }
const embedded = { globalSetup: [engines], provide: { backends: ['embedded'] as const } }
const servers = { globalSetup: [engines], provide: { backends: ['servers'] as const } }
const both = { globalSetup: [engines], provide: { backends: ['embedded', 'servers'] as const } }

/** The suites that read or write sessions. */
const ofSessions = [
  ...contracts.filter((file) => /integration.(adapters|cleaning|cli|session)/.test(file)),
  'test/unit/{adapters,session}/**/*.test.ts',
]

/** Repeats these suites with another form of the stored sessions: test/support/stored-key.ts looks for this form. */
function storedAs(name: string, env: Readonly<Record<string, string>>, exclude: readonly string[] = []) {
  return { resolve: quickSleep, test: { name, include: ofSessions, exclude: [...exclude], ...quick, ...embedded, env } }
}

/** Suites of items that are not encrypted, most of them Rails', and suites that give all keys themselves. */
const notEncrypted = [
  'test/integration/adapters/fetch/rails*.test.ts',
  'test/integration/session/ruby-*.test.ts',
  'test/integration/session/item/{encrypted,is-session,marshal}.test.ts',
  'test/unit/session/item/keyring.test.ts',
  'test/unit/session/foreign-answers.test.ts',
  'test/unit/adapters/fetch/rack-options.test.ts',
]

export const unit = { resolve: quickSleep, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...quick } }

/**
 * `npm test` runs `unit`, `integration` and `smoke`, which need neither Java nor PostgreSQL nor a network;
 * `npm run test:all` also runs the others.
 */
export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      unit,
      {
        resolve: quickSleep,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: repeated,
          ...quick,
          ...embedded,
        },
      },
      {
        resolve: packages,
        test: {
          name: 'smoke',
          include: smoke,
          ...patient,
          globalSetup: [join(support, 'pack-setup.ts')],
          testTimeout: 120_000,
        },
      },
      storedAs('plain', { AWS_DYNAMO_DB_SESSION_HASH_SESSION_IDS: 'false' }),
      storedAs(
        'encrypted',
        { AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}` },
        notEncrypted,
      ),
      { resolve: quickSleep, test: { name: 'servers', include: contracts, ...quick, ...servers } },
      {
        resolve: packages,
        test: { name: 'slow', include: ['test/slow/**/*.test.ts'], ...patient, ...both, testTimeout: 120_000 },
      },
      {
        resolve: packages,
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'], ...patient, testTimeout: 120_000 },
      },
      {
        resolve: packages,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: smoke,
          ...patient,
          ...both,
          ...applications,
        },
      },
    ],
  },
})
