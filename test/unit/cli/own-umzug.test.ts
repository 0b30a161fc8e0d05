import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { findOwnUmzugFile, loadOwnUmzug } from '../../../runtime/cli/own-umzug.js'
import { recordingLogger } from '../../support/recording-logger.js'

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-own-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
  return folder
}

const instance = '{ up() {}, down() {}, pending() {}, executed() {}, runAsCLI() {} }'

it.each([
  ['umzug.config.mjs', `export const umzug = ${instance}`],
  ['umzug.config.mjs', `export default ${instance}`],
  ['umzug.config.mjs', `export default Promise.resolve(${instance})`],
  ['umzug.config.cjs', `module.exports = ${instance}`],
  ['umzug.config.cjs', `exports.umzug = ${instance}`],
  ['umzug.config.cjs', `module.exports = { umzug: ${instance} }`],
  ['umzug.js', `exports.default = ${instance}; Object.defineProperty(exports, '__esModule', { value: true })`],
])("finds the application's own umzug in %s: %s", async (name, text) => {
  const root = await folderWith({ [name]: text })
  expect(findOwnUmzugFile(root)).toBe(join(root, name))
  expect(await loadOwnUmzug(join(root, name), root, recordingLogger())).toHaveProperty('runAsCLI')
})

it('prefers umzug.config to umzug, and works without both', async () => {
  const root = await folderWith({ 'umzug.mjs': '', 'umzug.config.cjs': '' })
  expect(findOwnUmzugFile(root)).toBe(join(root, 'umzug.config.cjs'))
  expect(findOwnUmzugFile(await folderWith({ 'umzug.json': '' }))).toBeUndefined()
})

it('warns of an umzug.* without an instance, and refuses an umzug.config.* without one', async () => {
  const root = await folderWith({
    'umzug.mjs': 'export const umzug = { up() {} }',
    'umzug.config.mjs': 'export default 7',
  })
  const logger = recordingLogger()
  expect(await loadOwnUmzug(join(root, 'umzug.mjs'), root, logger)).toBeUndefined()
  const text = 'exports no Umzug instance, neither as "umzug" nor as its default export'
  expect(logger.warnings).toEqual([`umzug.mjs ${text}: it is not used`])
  await expect(loadOwnUmzug(join(root, 'umzug.config.mjs'), root, logger)).rejects.toThrow(`umzug.config.mjs: ${text}`)
})

it("says which file can't be loaded, and why", async () => {
  const root = await folderWith({ 'umzug.mjs': "throw new Error('no database')" })
  await expect(loadOwnUmzug(join(root, 'umzug.mjs'), root, recordingLogger())).rejects.toThrow(
    "umzug.mjs: can't be loaded: no database",
  )
})
