import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, platform, release } from 'node:os'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
/** Package and from where it is found. */
const PACKAGES = [
  ['connect-dynamodb', 'bench'],
  ['@aws-sdk/client-dynamodb', '.'],
  ['undici', '.'],
  ['express', '.'],
  ['express-session', '.'],
]

/** When, on what machine and with which versions this run was made. */
export function aboutThisRun() {
  const versions = { 'dynamo-session-store': versionIn(ROOT) }
  for (const [name, from] of PACKAGES) versions[name] = versionOf(name, join(ROOT, from))
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      system: `${platform()} ${release()} ${arch()}`,
      node: process.version,
      // Of the minute before; 0 on Windows.
      load: Math.round(loadavg()[0] * 10) / 10,
    },
    versions,
  }
}

/** Of the package that an import from this folder gets; packages may not export their package.json. */
function versionOf(name, from) {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      return versionIn(join(folder, 'node_modules', name))
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  throw new Error(`${name} is not installed for ${from}`)
}

function versionIn(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
}
