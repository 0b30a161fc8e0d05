import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'

const PLOPFILE = "export default async (plop) => { await plop.load('dynamo-session-store') }\n"

/** Mounts a file system of 64 kB. Needs root on Linux. */
function mount(folder: string): boolean {
  try {
    mkdirSync(folder)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Writes blocks until there is no space for another one. */
function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(4096))
  } catch {
    // The disk is full.
  }
}

describe('on a full disk', async () => {
  const app: App = await installApp({ files: { 'plopfile.mjs': PLOPFILE } })
  const folder = join(app.folder, 'small')
  const filler = join(folder, 'filler')
  const mounted = mount(folder)
  afterAll(async () => {
    if (mounted) execFileSync('umount', [folder])
    await app.remove()
  })

  it.skipIf(!mounted)('a generator leaves nothing behind, and an existing file keeps its text', async () => {
    const plop = (...args: string[]) =>
      app.run(join(app.folder, 'node_modules/.bin/plop'), [...args, '--dest', 'small'])
    fill(filler)
    const { code, stderr } = await plop('session-config')
    expect(stderr).toMatch(/small\/config\/dynamo_session_store\.yml can't be written: ENOSPC: no space left on device/)
    expect(code).toBe(1)
    const init = await app.run(join(app.folder, 'node_modules/.bin/dynamo-session'), ['init'], { cwd: 'small' })
    expect(init).toMatchObject({ code: 1, stderr: expect.stringContaining("plopfile.mjs can't be written: ENOSPC") })
    expect(readdirSync(folder, { recursive: true })).toEqual(['filler'])

    rmSync(filler)
    expect(await plop('session-config')).toMatchObject({ code: 0 })
    const changed = '# mine\n'
    await app.write('small/config/dynamo_session_store.yml', changed)
    fill(filler)
    const forced = await plop('session-config', '--force')
    expect(forced).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOSPC') })
    expect(await app.read('small/config/dynamo_session_store.yml')).toBe(changed)
    expect(readdirSync(join(folder, 'config'))).toEqual(['dynamo_session_store.yml'])
  })
})
