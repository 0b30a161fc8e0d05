import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'
import { cleanEnvironment } from '../support/app.js'

const DEMO = join(import.meta.dirname, '../../scripts/demo.mjs')

/** What `npm test` has of the end-to-end tests. It needs no network: what npm would install is linked. */
it('the packed tarball carries the main job: generators, umzug up, Express, umzug down', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', DEMO, inject('tarball')], {
    env: cleanEnvironment(),
  })
  expect(stdout).toContain('Done: everything worked, and nothing is left behind.')
})
