// Packs the package and checks the tarball: publint and are-the-types-wrong.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-pack-'))
const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${status}`)
}
try {
  run('npm', 'pack', '--silent', '--pack-destination', folder)
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  )
  run('npx', 'publint', 'run', tarball, '--strict')
  run('npx', 'attw', tarball, '--ignore-rules', 'cjs-resolves-to-esm')
} catch (error) {
  process.exitCode = 1
  console.error(error.message)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
