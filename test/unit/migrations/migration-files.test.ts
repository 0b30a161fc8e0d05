import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { findMigrations, withoutExtension } from '../../../runtime/migrations/migration-files.js'

async function found(files: readonly string[], typeScript: boolean): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-files-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const file of files) await writeFile(join(folder, file), '')
  return (await findMigrations(folder, typeScript)).map(({ name, path }) => `${name} ${basename(path)}`)
}

it('takes every extension that umzug runs, and sorts by name', async () => {
  const files = ['3.ts', '1.mts', '5.cts', '2.js', '6.mjs', '4.cjs', '7.d.cts', '8.js.map', '9.sql', '.1.js', '1.d.ts']
  expect(await found(files, true)).toEqual(['1 1.mts', '2 2.js', '3 3.ts', '4 4.cjs', '5 5.cts', '6 6.mjs'])
})

it('takes the source of a compiled migration where TypeScript can be run, else the compiled file', async () => {
  const files = ['1_a.js', '1_a.ts', '1_a.d.ts', '1_a.js.map', '2_b.mjs', '2_b.mts']
  expect(await found(files, true)).toEqual(['1_a 1_a.ts', '2_b 2_b.mts'])
  expect(await found(files, false)).toEqual(['1_a 1_a.js', '2_b 2_b.mjs'])
})

it('removes one known extension and leaves other dots', () => {
  const names = ['1_a.ts', '1_a.cjs', '2020.01.01T00.00.00.users.js', '1_a.sql', '1_a', 'v1.2']
  expect(names.map(withoutExtension)).toEqual(['1_a', '1_a', '2020.01.01T00.00.00.users', '1_a.sql', '1_a', 'v1.2'])
})
