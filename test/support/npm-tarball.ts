import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../node_modules/.cache')

export interface Tarball {
  /** With its version, as npm takes it. */
  readonly name: string
  /** As the registry gives it: `sha512-…`. */
  readonly integrity: string
  /** What is unpacked of it: `package`, or a path within. */
  readonly part: string
  /** Name of the folder in node_modules/.cache that keeps it. */
  readonly folder: string
}

/** Takes one tarball from npm, through npm's client and without dependencies, unless an earlier run has taken it. */
export async function fetchTarball(tarball: Tarball): Promise<{ folder: string } | { missing: string }> {
  const { name, folder } = tarball
  const kept = join(CACHE, folder)
  try {
    if (!existsSync(kept)) await download(tarball, kept)
    return { folder: join(kept, 'package') }
  } catch (error) {
    return { missing: `${name} could not be fetched with npm: ${(error as Error).message.split('\n')[0]}` }
  }
}

async function download({ name, integrity, part }: Tarball, kept: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(`${kept}-`)
  try {
    const { stdout } = await run('npm', ['pack', name, '--silent'], { cwd: folder })
    const file = join(folder, stdout.trim().split('\n').at(-1) ?? '')
    const digest = createHash('sha512')
      .update(await readFile(file))
      .digest('base64')
    if (`sha512-${digest}` !== integrity) throw new Error('its integrity hash is not the expected one')
    await run('tar', ['-xzf', file, '-C', folder, part])
    await rm(file)
    await rename(folder, kept)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (!existsSync(kept)) throw error
  }
}
