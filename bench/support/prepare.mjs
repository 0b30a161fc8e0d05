import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const SOURCES = [
  'runtime',
  'generators',
  'templates',
  'plopfile.ts',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** Builds dist/ where it is older than the sources, and installs what we are measured against. */
export function prepare({ log }) {
  if (!isBuilt()) {
    log('building dist/')
    npm(['run', 'build'])
  }
  const peers = join(ROOT, 'bench/node_modules')
  if (!existsSync(join(peers, 'connect-dynamodb/package.json')) || existsSync(join(peers, '@aws-sdk'))) {
    log('installing connect-dynamodb for bench/')
    // Without an AWS SDK of its own: so it uses the one that we use.
    npm(['ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', 'bench'])
  }
  log()
}

function isBuilt() {
  const built = join(ROOT, 'dist/config.schema.json')
  if (!existsSync(built)) return false
  const { mtimeMs } = statSync(built)
  return SOURCES.every((source) => newest(join(ROOT, source)) < mtimeMs)
}

/** Milliseconds since the epoch of the last change in a folder, or of a file. */
function newest(path) {
  const { mtimeMs } = statSync(path)
  const inside = statSync(path).isDirectory() ? readdirSync(path).map((name) => newest(join(path, name))) : []
  return Math.max(mtimeMs, ...inside)
}

/** Quietly; what npm said is shown only when it failed. */
function npm(args) {
  try {
    execFileSync('npm', args, { cwd: ROOT, shell: process.platform === 'win32', stdio: 'pipe' })
  } catch (error) {
    throw new Error(`npm ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? error.message}`)
  }
}
