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

/** Nobody waits for long: neither the package nor the SDK. What `slow` and `e2e` test waits as it does for users. */
const quick = {
  resolve: { alias: [{ find: /^\.{1,2}\/(.*\/)?async\/sleep\.js$/, replacement: join(support, 'quick-sleep.ts') }] },
}
const setupFiles = [join(support, 'quick-setup.ts')]

const onEngines = { globalSetup: ['test/support/engines-setup.ts'], testTimeout: 30_000, hookTimeout: 120_000 }
const onApplications = {
  globalSetup: [...onEngines.globalSetup, 'test/support/app-setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 300_000,
}
const embedded = { backends: ['embedded'] as const }
const servers = { backends: ['servers'] as const }
const both = { backends: ['embedded', 'servers'] as const }

/**
 * `npm test` runs `unit`, `integration` and `smoke`, which need neither Java nor PostgreSQL nor a network;
 * `npm run test:all` also runs the others.
 */
export default defineConfig({
  test: {
    // Files share a process, which saves half of the CPU time: no test may leave anything behind (mocks, ENV, timers).
    isolate: false,
    maxWorkers: '100%',
    projects: [
      { ...quick, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], setupFiles } },
      {
        ...quick,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          ...onEngines,
          setupFiles,
          provide: embedded,
        },
      },
      { test: { name: 'smoke', include: ['test/e2e/smoke.test.ts'], testTimeout: 120_000 } },
      { ...quick, test: { name: 'servers', include: contracts, ...onEngines, setupFiles, provide: servers } },
      {
        test: {
          name: 'slow',
          include: ['test/slow/**/*.test.ts'],
          ...onEngines,
          testTimeout: 120_000,
          provide: both,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/slow/**/*.test.ts'],
          globalSetup: ['test/support/engines-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ['test/e2e/smoke.test.ts'],
          ...onApplications,
          provide: both,
        },
      },
    ],
  },
})
