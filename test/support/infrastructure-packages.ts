import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../node_modules/.cache')
const SOURCE = join(import.meta.dirname, '../infrastructure')

/**
 * Installs the packages of `test/infrastructure/` by `npm ci`, once for each lockfile. They are too large for the
 * package.json of this repository.
 *
 * @returns the folder whose `node_modules` has them, or why there is none
 */
export async function infrastructurePackages(): Promise<{ folder: string } | { missing: string }> {
  const lockfile = await readFile(join(SOURCE, 'package-lock.json'))
  const hash = createHash('sha256').update(lockfile).digest('hex').slice(0, 12)
  const kept = join(CACHE, `infrastructure-${hash}`)
  try {
    if (!existsSync(kept)) await install(kept)
    return { folder: kept }
  } catch (error) {
    return { missing: `npm ci in test/infrastructure failed: ${(error as Error).message.split('\n')[0]}` }
  }
}

async function install(kept: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(`${kept}-`)
  try {
    for (const name of ['package.json', 'package-lock.json']) await copyFile(join(SOURCE, name), join(folder, name))
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder })
    await rename(folder, kept)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (!existsSync(kept)) throw error
  }
}
