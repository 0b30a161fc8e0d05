import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { cleanEnvironment } from '../support/app.js'
import { type RunningEngine, startDynalite } from '../support/engines-start.js'
import { fetchTarball } from '../support/npm-tarball.js'

const execute = promisify(execFile)

const BESIDE = ['plop', 'express', 'express-session', 'umzug']

/** Package managers besides npm, which all other tests use. */
const MANAGERS = [
  {
    title: 'pnpm',
    tarball: {
      name: 'pnpm@10.34.9',
      integrity: 'sha512-9JtajqD97bRLs8DB1ldQkqU8KVDZW3rRXfEfF5dId6LeOgHAfpNOmyjOcW5RwJqUlixzBtCb4uHksYqMh2L9Mg==',
      part: 'package',
      folder: 'pnpm-10.34.9',
    },
    program: 'bin/pnpm.cjs',
    install: ['install', '--no-frozen-lockfile'],
    run: ['exec'],
    shown: 'pnpm exec',
  },
  {
    title: 'Yarn 1',
    tarball: {
      name: 'yarn@1.22.22',
      integrity: 'sha512-prL3kGtyG7o9Z9Sv8IPfBNrWTDmXB4Qbes8A9rEzt6wkJV8mUvoirjU0Mp3GGAU06Y0XQyA3/2/RQFVuK7MTfg==',
      part: 'package',
      folder: 'yarn-1.22.22',
    },
    program: 'bin/yarn.js',
    install: ['install', '--ignore-engines'],
    run: ['--silent', 'run'],
    shown: 'yarn',
  },
  {
    title: "Yarn 4 with Plug'n'Play",
    tarball: {
      name: '@yarnpkg/cli-dist@4.18.1',
      integrity: 'sha512-EH+A4TxAtBWXKE0DGQxW9Bo9crXHLJ73mfxjTQJuv8XonNWWTpei8BQ5JjczHJNU9GROTycwMFn8iOvRIZXUcA==',
      part: 'package',
      folder: 'yarn-4.18.1',
    },
    program: 'bin/yarn.js',
    install: ['install'],
    run: ['run'],
    shown: 'yarn',
  },
]

const versionOf = async (name: string) =>
  JSON.parse(await readFile(join(import.meta.dirname, '../../node_modules', name, 'package.json'), 'utf8')).version

let engine: RunningEngine
beforeAll(async () => {
  engine = await startDynalite()
})
afterAll(() => engine.stop())

describe.each(MANAGERS)('an application with $title', ({ tarball, program, install, run, shown }) => {
  let folder: string
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is set up by init, migrated, and reads a session', async (test) => {
    const manager = await fetchTarball(tarball)
    if ('missing' in manager) return test.skip(manager.missing)
    folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-manager-'))
    const registry = (await execute('npm', ['config', 'get', 'registry'])).stdout.trim()
    const env = {
      ...cleanEnvironment(),
      npm_config_registry: registry,
      npm_config_store_dir: join(folder, '.store'),
      YARN_CACHE_FOLDER: join(folder, '.cache'),
      YARN_ENABLE_GLOBAL_CACHE: 'false',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      YARN_ENABLE_TELEMETRY: 'false',
      YARN_GLOBAL_FOLDER: join(folder, '.yarn/global'),
      YARN_NODE_LINKER: 'pnp',
      YARN_NPM_REGISTRY_SERVER: registry,
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_DYNAMO_DB_SESSION_TABLE_NAME: `sessions_${shown.replace(/\W/g, '_')}_${Date.now()}`,
    }
    const call = async (args: readonly string[]) => {
      const { stdout, stderr } = await execute(process.execPath, [join(manager.folder, program), ...args], {
        cwd: folder,
        env,
      })
      return stdout + stderr
    }
    const dependencies = {
      'dynamo-session-store': `file:${inject('tarball')}`,
      ...Object.fromEntries(await Promise.all(BESIDE.map(async (name) => [name, await versionOf(name)]))),
    }
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'app', private: true, type: 'module', dependencies }),
    )
    if (shown === 'yarn') await writeFile(join(folder, 'yarn.lock'), '')
    await call(install)

    const setUp = await call([...run, 'dynamo-session', 'init', '--yes'])
    expect(setUp).toContain('session.js was written')
    expect(setUp).toContain(`next:\n  ${shown} umzug up\n  import { sessions } from './session.js'`)
    expect(await call([...run, 'plop', 'session-config'])).toContain('is identical')
    expect(await call([...run, 'umzug', 'up'])).toContain('add_sessions')
    const read = "import { store } from './session.js'\nconsole.log(await store.get('a'))\n"
    await writeFile(join(folder, 'read.mjs'), read)
    // pnpm and Yarn 1 have node_modules. For Plug'n'Play, Yarn's `node` loads its resolver.
    const node = program.includes('pnpm') ? ['exec', 'node'] : ['node']
    expect(await call([...node, 'read.mjs'])).toMatch(/^(null|undefined)$/m)
  })
})
