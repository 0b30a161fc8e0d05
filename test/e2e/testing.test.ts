import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { onEachEngine } from '../support/engines.js'
import { SNIPPETS } from '../support/snippets.js'

/** TypeScript 7 has no compiler API, which ts-jest needs. */
const JEST = [
  ...['jest@30.5.2', '@swc/core@1.16.22', '@swc/jest@0.2.39', 'babel-jest@30.5.2', '@babel/core@7.29.13'],
  ...['@babel/preset-env@7.29.14', 'ts-jest@29.4.15', 'typescript@5.9.3'],
]
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }

/** `tests/` has the files of docs/testing.md. In `modules/tests/`, the same files are ES modules. */
let app: App

beforeAll(async () => {
  app = await installApp()
  await cp(join(SNIPPETS, 'testing'), join(app.folder, 'tests'), { recursive: true })
  await mkdir(join(app.folder, 'modules'))
  await writeFile(join(app.folder, 'modules/package.json'), '{ "type": "module" }\n')
  await cp(join(SNIPPETS, 'testing'), join(app.folder, 'modules/tests'), { recursive: true })
})
afterAll(() => app.remove())

const inModules = { cwd: 'modules', env: QUIET }

onEachEngine('the tests of docs/testing.md', (engine) => {
  const env = engine.name === 'dynalite' ? QUIET : { ...QUIET, AWS_DYNAMO_DB_SESSION_ENDPOINT: engine.endpoint }

  it('pass with node:test', async () => {
    const { code, stdout } = await app.run('node', ['--test', 'tests/node-test/app.test.js'], { ...inModules, env })
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/pass 2\n[\s\S]*fail 0\n/) })
  })
})

describe('the tests of docs/testing.md', () => {
  it('pass with Vitest, on dynalite and with MemoryStore', async () => {
    const vitest = join(import.meta.dirname, '../../node_modules/vitest')
    await symlink(vitest, join(app.folder, 'node_modules/vitest'))
    const outcome = await app.run('node', [join(vitest, 'vitest.mjs'), 'run', '--dir', 'tests/vitest'], inModules)
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/Tests .*3 passed/) })
  })

  describe('pass with Jest', () => {
    beforeAll(async () => {
      const outcome = await app.run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...JEST])
      expect(outcome).toMatchObject({ code: 0 })
    })

    const jest = (config: string, folder: string, env: Record<string, string> = {}) =>
      app.run(
        'node',
        [
          'node_modules/jest/bin/jest.js',
          '-c',
          `${folder}/jest/jest.${config}.config.mjs`,
          '--rootDir',
          folder,
          'jest',
        ],
        { env: { ...QUIET, ...env } },
      )
    const passed = { code: 0, stderr: expect.stringMatching(/^Tests: +2 passed, 2 total$/m) }

    it('as ES modules', async () => {
      const env = { NODE_OPTIONS: '--experimental-vm-modules' }
      expect(await jest('modules', 'modules/tests', env)).toMatchObject(passed)
    })

    it.each(['swc', 'babel', 'ts-jest'])('as CommonJS by %s', async (transformer) => {
      expect(await jest(transformer, 'tests')).toMatchObject(passed)
    })

    it('not without a transformer, as the page says', async () => {
      await app.write('tests/jest/jest.none.config.mjs', "export default { transform: { '\\\\.js$': '@swc/jest' } }\n")
      const { code, stderr } = await jest('none', 'tests')
      // From Node 24.9 on, Jest requires ES modules itself.
      if (code !== 0) expect(stderr).toContain('Must use import to load ES Module')
      else expect(Number.parseInt(process.versions.node, 10)).toBeGreaterThanOrEqual(24)
    })
  })
})
