import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { importRemedy } from '../../../runtime/migrations/migration-module.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-remedy-'))
  writeFileSync(join(folder, 'options.ts'), 'export const options = {}\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What Node itself says: vitest would find the TypeScript. */
function errorOfImporting(specifier: string): Error {
  writeFileSync(join(folder, 'a.mjs'), `import '${specifier}'\n`)
  const { stderr } = spawnSync(process.execPath, [join(folder, 'a.mjs')], { encoding: 'utf8' })
  return new Error(/Cannot find module .*/.exec(stderr)?.[0])
}

it('says what helps when TypeScript is imported by the name that it will have as JavaScript', () => {
  expect(importRemedy(errorOfImporting('./options.js'))).toContain('npm install --save-dev tsx')
})

it('says nothing of TypeScript when there is none, or when it is another error', () => {
  expect(errorOfImporting('./absent.js').message).toContain('absent.js')
  expect(importRemedy(errorOfImporting('./absent.js'))).toBe('')
  expect(importRemedy(new Error('broken file'))).toBe('')
  expect(importRemedy('thrown text')).toBe('')
})
