import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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
  it('writes a plopfile.mjs that loads the pack with --force, and prints the next commands', async () => {
    const folder = folderWith(INSTALLED)
    const { text, warnings } = await init(folder)
    expect(text).toBe(
      'wrote plopfile.mjs\n\nnext:\n  npx plop session-config\n  npx plop session-migration\n  npx umzug up',
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
    expect(text).toContain(`${name} is there already and is left as it is`)
    expect(text).toContain(`  ${head}\n    await plop.load('dynamo-session-store', { force: config.force })`)
    expect(text).toContain('npx plop session-config')
  })

  it('names the line where the function begins', async () => {
    const { text } = await init(folderWith({ 'plopfile.js': '// one\n// two\nmodule.exports = function (plop) {}\n' }))
    expect(text).toContain('(plopfile.js:3)')
  })

  it('recognises a plopfile that loads the pack already, except in a comment', async () => {
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
      'next:\n  npm install dynamo-session-store plop\n  npx plop session-config production\n' +
        '  npx plop session-migration\n  npx umzug up --environment production',
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
