// Packs the package and checks the tarball: its size, its declarations, publint and are-the-types-wrong.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unreachedDeclarations } from './declarations.mjs'

/** Bytes of the tarball. `npm install` downloads it for every application. */
const MAXIMUM_SIZE = 300_000

const root = fileURLToPath(new URL('..', import.meta.url))
// realpath: TypeScript lists files without links.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dynamo-session-store-pack-')))
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
  run('tar', '-xzf', tarball, '-C', folder)
  const unreached = unreachedDeclarations(join(folder, 'package'))
  if (unreached.length > 0) throw new Error(`No entry reaches these declarations:\n${unreached.join('\n')}`)
  const docs = readdirSync(join(folder, 'package/docs'))
  if (docs.join() !== 'performance.svg') throw new Error(`The tarball has more of docs/ than its picture: ${docs}`)
  const { size } = statSync(tarball)
  if (size > MAXIMUM_SIZE) throw new Error(`The tarball has ${size} bytes, more than ${MAXIMUM_SIZE}`)
  console.log(`The tarball has ${size} bytes.`)
  run('npx', 'publint', 'run', tarball, '--strict')
  run('npx', 'attw', tarball, '--ignore-rules', 'cjs-resolves-to-esm')
} catch (error) {
  process.exitCode = 1
  console.error(error.message)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
