import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { cleanEnvironment } from '../support/app.js'
import { packSources } from '../support/app-setup.js'

const DEMO = join(import.meta.dirname, '../../scripts/demo.mjs')

/** What `npm test` has of the end-to-end tests. It needs no network: what npm would install is linked. */
it('the packed tarball carries the main job: generators, umzug up, Express, umzug down', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-smoke-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const tarball = await packSources(folder)
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', DEMO, tarball], {
    env: cleanEnvironment(),
  })
  expect(stdout).toContain('Done: everything worked, and nothing is left behind.')
})
