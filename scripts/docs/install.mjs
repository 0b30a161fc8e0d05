// Installs the packages of docs/, unless they are installed. They are no packages of the root, whose npm ci stays small.
import { execSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const docs = new URL('../../docs/', import.meta.url)
const lockfile = new URL('package-lock.json', docs)
/** npm writes this file at the end of an installation. */
const installed = new URL('node_modules/.package-lock.json', docs)

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  console.log('Installing the packages of docs/ (npm ci), which takes about a minute.')
  execSync('npm ci --no-audit --no-fund', { cwd: fileURLToPath(docs), stdio: 'inherit' })
}
