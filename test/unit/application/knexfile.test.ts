import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { findKnexfile, knexMigrationsFolder, loadKnexfile } from '../../../runtime/application/knexfile.js'

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-knexfile-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

it.each(['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'])('finds a knexfile.%s', async (extension) => {
  const root = await folderWith({ [`knexfile.${extension}`]: '', 'knexfile.json': '' })
  expect(findKnexfile(root)).toBe(join(root, `knexfile.${extension}`))
})

it('finds a JavaScript knexfile first, as knex does, and nothing where no knexfile exists', async () => {
  const both = await folderWith({ 'knexfile.ts': '', 'knexfile.js': '' })
  expect(findKnexfile(both)).toBe(join(both, 'knexfile.js'))
  expect(findKnexfile(await folderWith({ 'other/knexfile.js': '' }))).toBeUndefined()
  expect(await knexMigrationsFolder(await folderWith({}), 'test')).toBeUndefined()
})

it.each([
  ['knexfile.cjs', "module.exports = { client: 'pg' }"],
  ['knexfile.cjs', "exports.default = { client: 'pg' }; Object.defineProperty(exports, '__esModule', { value: true })"],
  ['knexfile.cjs', "module.exports = async () => ({ client: 'pg' })"],
  ['knexfile.mjs', "export default { client: 'pg' }"],
  ['knexfile.mjs', "export default () => ({ test: { client: 'pg' } })"],
  ['knexfile.mjs', "export const test = { client: 'pg' }"],
  ['knexfile.mjs', "export default { test: { client: 'pg' }, production: { client: 'mysql2' } }"],
])('reads the settings from %s: %s', async (name, text) => {
  const root = await folderWith({ [name]: text })
  const { settings, folders } = await loadKnexfile(join(root, name), 'test', root)
  expect(settings.client).toBe('pg')
  expect(folders).toEqual([join(root, 'migrations')])
})

it('takes folders relative to the knexfile, one or several', async () => {
  const one = await folderWith({ 'knexfile.cjs': "module.exports = { client: 'pg', migrations: { directory: 'db' } }" })
  expect(await knexMigrationsFolder(one, 'test')).toBe(join(one, 'db'))
  const text = "module.exports = { client: 'pg', migrations: { directory: ['./a', '/b'] } }"
  const several = await folderWith({ 'knexfile.cjs': text })
  const { folders } = await loadKnexfile(join(several, 'knexfile.cjs'), 'test')
  expect(folders).toEqual([join(several, 'a'), join('/b')])
})

it('lists the existing sections when the section of the environment is missing', async () => {
  const root = await folderWith({ 'knexfile.cjs': "module.exports = { development: { client: 'pg' }, staging: {} }" })
  const expected = 'knexfile.cjs has no section "production" with a client; its sections: development, staging'
  await expect(loadKnexfile(join(root, 'knexfile.cjs'), 'production')).rejects.toThrow(expected)
})

it('says why a knexfile cannot be used', async () => {
  const root = await folderWith({
    'knexfile.cjs': "throw new Error('DATABASE_URL is not set')",
    'b.cjs': 'module.exports = 7',
  })
  await expect(knexMigrationsFolder(root, 'test')).rejects.toThrow(
    `${join(root, 'knexfile.cjs')} can't be loaded: DATABASE_URL is not set`,
  )
  await expect(loadKnexfile(join(root, 'b.cjs'), 'test')).rejects.toThrow(/must export an object/)
})
