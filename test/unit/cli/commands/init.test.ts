import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { initCommand } from '../../../../runtime/cli/commands/init.js'
import { folderWith } from '../../../support/folder.js'
import { recordingLogger } from '../../../support/recording-logger.js'

const INSTALLED = {
  'package.json': '{}',
  'node_modules/plop/package.json': '{}',
  'node_modules/dynamo-session-store/package.json': '{}',
}

async function init(folder: string, environment?: string) {
  const logger = recordingLogger()
  await initCommand({ environment }, logger, folder)
  return { text: logger.lines.join('\n'), warnings: logger.warnings }
}

describe('dynamo-session init', () => {
  it('writes a plopfile.mjs that loads the package and passes --force on, and prints the next commands', async () => {
    const folder = folderWith(INSTALLED)
    const { text, warnings } = await init(folder)
    expect(text).toBe(
      'wrote plopfile.mjs\n' +
        'note: without a terminal, init asks nothing; to write all files: npx dynamo-session init --yes\n\n' +
        'next:\n  npx plop session-config\n  npx plop session-migration\n  npx plop session-store\n  npx umzug up',
    )
    expect(warnings).toEqual([])
    const loads: unknown[] = []
    const plopfile = await import(join(folder, 'plopfile.mjs'))
    await plopfile.default({ load: async (...args: unknown[]) => void loads.push(args) }, { force: true })
    expect(loads).toEqual([['dynamo-session-store', { force: true }]])
  })

  it.each([
    ['plopfile.js', 'export default function (plop) {}\n', 'export default async function (plop, config) {'],
    ['plopfile.js', '// mine\nmodule.exports = (plop) => {}\n', 'module.exports = async function (plop, config) {'],
    ['plopfile.cjs', 'exports.default = 1\n', 'module.exports = async function (plop, config) {'],
    ['plopfile.mjs', 'export default (plop) => {}\n', 'export default async function (plop, config) {'],
    ['plopfile.ts', 'export default (plop) => {}\n', 'export default async function (plop, config) {'],
    ['plopfile.babel.js', 'export default (plop) => {}\n', 'export default async function (plop, config) {'],
  ])('leaves %s alone and prints what to add to it', async (name, content, head) => {
    const folder = folderWith({ ...INSTALLED, [name]: content })
    const { text } = await init(folder)
    expect(readFileSync(join(folder, name), 'utf8')).toBe(content)
    expect(readdirSync(folder).filter((entry) => entry.startsWith('plopfile'))).toEqual([name])
    expect(text).toContain(`${name} exists already and is left as it is`)
    expect(text).toContain(`  ${head}\n    await plop.load('dynamo-session-store', { force: config.force })`)
    expect(text).toContain('npx plop session-config')
  })

  it('names the line where the function begins', async () => {
    const { text } = await init(folderWith({ 'plopfile.js': '// one\n// two\nmodule.exports = function (plop) {}\n' }))
    expect(text).toContain('(plopfile.js:3)')
  })

  it('recognises a plopfile that loads the package already, except in a comment', async () => {
    const line = "await plop.load('dynamo-session-store')"
    const { text } = await init(folderWith({ 'plopfile.mjs': `export default async (plop) => {\n  ${line}\n}\n` }))
    expect(text).toContain('plopfile.mjs loads dynamo-session-store already')
    expect(text).not.toContain('left as it is')
    const commented = await init(folderWith({ 'plopfile.mjs': `export default (plop) => {\n  // ${line}\n}\n` }))
    expect(commented.text).toContain('left as it is')
  })

  it('changes nothing when it is run again', async () => {
    const folder = folderWith(INSTALLED)
    await init(folder)
    const before = readFileSync(join(folder, 'plopfile.mjs'), 'utf8')
    const { text } = await init(folder)
    expect(text).toContain('loads dynamo-session-store already')
    expect(readFileSync(join(folder, 'plopfile.mjs'), 'utf8')).toBe(before)
  })

  it('prints first how to install missing packages, and repeats --environment', async () => {
    const { text } = await init(folderWith({ 'package.json': '{}' }), 'production')
    expect(text).toContain(
      'next:\n  npm install dynamo-session-store\n  npm install --save-dev plop\n  npx plop session-config production\n' +
        '  npx plop session-migration\n  npx plop session-store\n  npx umzug up --environment production',
    )
  })

  it('finds packages of a folder above, such as in a monorepo, and warns that its plopfile is no longer used', async () => {
    const root = folderWith({ ...INSTALLED, 'plopfile.js': '', 'packages/web/package.json': '{}' })
    const { text, warnings } = await init(join(root, 'packages/web'))
    expect(text).not.toContain('npm install')
    expect(warnings).toEqual([`plop now uses plopfile.mjs in this folder, no longer ${join(root, 'plopfile.js')}`])
  })

  it('warns where there is no package.json', async () => {
    const folder = folderWith()
    const { warnings } = await init(folder)
    expect(warnings).toEqual([`there is no package.json in ${folder}: is this the folder of the application?`])
  })
})

describe('dynamo-session init, with the generators', () => {
  const files = { ...INSTALLED, 'package.json': '{"type":"module","dependencies":{"koa":"3"}}' }

  /** A terminal whose user types the lines. */
  function typing(...lines: string[]) {
    const output = new PassThrough()
    const input = Object.assign(new PassThrough(), { isTTY: true })
    output.on('data', (chunk) => {
      if (!/(\?|\)).*: ?$|\] $/.test(String(chunk))) return
      const line = lines.shift()
      if (line === undefined) input.end()
      else input.write(`${line}\n`)
    })
    return { input, output }
  }

  async function initIn(folder: string, options: Parameters<typeof initCommand>[0], ...lines: string[]) {
    const logger = recordingLogger()
    await initCommand(options, logger, folder, typing(...lines))
    return logger.lines.join('\n')
  }

  const written = (folder: string) =>
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => /\.(yml|[cm]?[jt]s)$/.test(name) && !name.startsWith('plopfile'))
      .map((name) => name.replace(/\d{14}/, '<time>'))
      .sort()

  const ALL = ['config/dynamo_session_store.yml', 'migrations/<time>_add_sessions.js', 'session.js']

  it('writes all files with --yes, and prints what the application adds', async () => {
    const folder = folderWith(files)
    const text = await initIn(folder, { yes: true })
    expect(written(folder)).toEqual(ALL)
    expect(text).toContain('session.js was written')
    expect(text).toContain(
      "next:\n  npx umzug up\n  npm install dynamo-session-store koa-session\n  import { sessions } from './session.js'",
    )
  })

  it('names the DynamoDB of this machine where dynalite is installed, but for no other environment', async () => {
    const manifest = { type: 'module', dependencies: { koa: '3' }, devDependencies: { dynalite: '4' } }
    const folder = folderWith({ ...files, 'package.json': JSON.stringify(manifest) })
    const text = await initIn(folder, { yes: true })
    expect(text).toMatch(/next:\n {2}npx dynamo-session local --path \.dynamodb +# .*\n {2}npx umzug up\n/)
    expect(text).not.toContain('note: without a terminal')
    expect(await initIn(folder, { yes: true, environment: 'production' })).not.toContain('dynamo-session local')
  })

  it('names the command of knex where the migration is in its folder', async () => {
    const folder = folderWith({ ...files, 'knexfile.cjs': "module.exports = { client: 'pg' }" })
    expect(await initIn(folder, { yes: true })).toContain('next:\n  npx knex migrate:latest\n')
    expect(await initIn(folder, { yes: true, environment: 'production' })).toContain(
      'next:\n  npx knex migrate:latest --env production\n',
    )
  })

  it('writes the migration into the folder of --environment, where npx umzug up looks for it', async () => {
    const configuration = 'config/dynamo_session_store/production.yml'
    const folder = folderWith({ ...files, [configuration]: 'migrations_dir: db/migrate\n' })
    const text = await initIn(folder, { yes: true, environment: 'production' })
    expect(written(folder)).toEqual([configuration, 'db/migrate/<time>_add_sessions.js', 'session.js'])
    expect(text).toContain('next:\n  npx umzug up --environment production\n')
  })

  it('leaves files that exist, and writes the rest', async () => {
    const folder = folderWith({ ...files, 'session.js': 'mine' })
    await initIn(folder, { yes: true })
    const again = await initIn(folder, { yes: true })
    expect(written(folder)).toEqual(ALL)
    expect(readFileSync(join(folder, 'session.js'), 'utf8')).toBe('mine')
    expect(again).toContain(
      'session.js exists already and was left as it is; --force overwrites it (npx plop session-store koa --force)',
    )
    expect(again).not.toContain('plop session-config')
    writeFileSync(join(folder, 'config/dynamo_session_store.yml'), '')
    const [migration = ''] = readdirSync(join(folder, 'migrations'))
    writeFileSync(join(folder, 'migrations', migration), '')
    const changed = await initIn(folder, { yes: true })
    expect(changed).toContain('overwrites it (npx plop session-config --force)')
    expect(changed).toContain('--force to rewrite it (npx plop session-migration AddSessions --force)')
  })

  it('asks in a terminal before each file; an empty line means yes', async () => {
    const folder = folderWith(files)
    const text = await initIn(folder, {}, '', 'n', 'y')
    expect(written(folder)).toEqual(['config/dynamo_session_store.yml', 'session.js'])
    expect(text).toContain('next:\n  npx plop session-migration\n  npx umzug up')
  })

  it('writes no more files when the input ends, and asks no more', async () => {
    const before = process.exitCode
    try {
      const folder = folderWith(files)
      const text = await initIn(folder, {}, 'y')
      expect(written(folder)).toEqual(['config/dynamo_session_store.yml'])
      expect(text).toMatch(/stopped: no more files were written$/)
      expect(process.exitCode).toBe(130)
    } finally {
      process.exitCode = before
    }
  })

  it('asks for the framework, if package.json has none', async () => {
    const folder = folderWith(INSTALLED)
    await initIn(folder, {}, 'hono', 'n', 'n', 'y')
    expect(readFileSync(join(folder, 'session.js'), 'utf8')).toContain("require('dynamo-session-store/hono')")
  })

  it('refuses an unknown answer before it writes', async () => {
    const folder = folderWith(INSTALLED)
    await expect(initIn(folder, {}, 'django', 'y', 'y', 'y')).rejects.toThrow('unknown framework "django"')
    expect(readdirSync(folder)).not.toContain('plopfile.mjs')
    expect(written(folder)).toEqual([])
  })

  it('takes --framework, and refuses an unknown one before it writes', async () => {
    const folder = folderWith(INSTALLED)
    await expect(initIn(folder, { yes: true, framework: 'django' })).rejects.toThrow('unknown framework "django"')
    expect(readdirSync(folder)).not.toContain('plopfile.mjs')
    await initIn(folder, { yes: true, framework: 'fastify' })
    expect(readFileSync(join(folder, 'session.js'), 'utf8')).toContain("require('dynamo-session-store/fastify')")
  })

  it.each([
    ['pnpm-lock.yaml', 'pnpm exec plop session-config', 'pnpm add dynamo-session-store'],
    ['yarn.lock', 'yarn plop session-config', 'yarn add dynamo-session-store'],
    ['bun.lock', 'bunx plop session-config', 'bun add dynamo-session-store'],
  ])('prints the commands of the package manager: %s', async (lockfile, generator, add) => {
    const root = folderWith({ 'package.json': '{}', [lockfile]: '', 'packages/web/package.json': '{}' })
    for (const folder of [root, join(root, 'packages/web')]) {
      const { text } = await init(folder)
      expect(text).toContain(generator)
      expect(text).toContain(add)
    }
  })
})
