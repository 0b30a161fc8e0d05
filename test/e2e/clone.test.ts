import { execFile } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { cleanEnvironment } from '../support/app.js'
import { folderWith } from '../support/folder.js'

const ROOT = join(import.meta.dirname, '../..')

/** What the script `dependencies` does, which npm runs after an installation in a clone. */
it.each([
  ['dependencies', 0, 'ends well, because npm ci --omit=dev is meant so'],
  ['build', 1, 'fails, because somebody wants the build'],
])('the script %s without typescript says why nothing is built, and ends with %i', async (script, wanted) => {
  const folder = folderWith({ 'package.json': JSON.stringify(packageJson), 'dist/old.js': '' })
  cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true })
  const { code, printed } = await new Promise<{ code: number; printed: string }>((resolve) => {
    const env = { ...cleanEnvironment(), npm_config_update_notifier: 'false' }
    execFile('npm', ['run', script], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, printed: stdout + stderr })
    })
  })
  expect({ code, printed }).toEqual({ code: wanted, printed: expect.stringContaining('typescript is not installed') })
  expect(existsSync(join(folder, 'dist/old.js'))).toBe(true)
})
