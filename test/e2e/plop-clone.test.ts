import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { cleanEnvironment } from '../support/app.js'

let clone: string
beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'dynamo-session-store-clone-'))
  await cp(join(inject('installation'), '../sources'), clone, { recursive: true, verbatimSymlinks: true })
})
afterAll(() => rm(clone, { recursive: true }))

it('a clone of this repository has the generators, and its files refer to its own schema', async () => {
  const { stderr } = await promisify(execFile)('npx', ['plop', 'session-config'], {
    cwd: clone,
    env: cleanEnvironment(),
  })
  expect(stderr).toContain('config/dynamo_session_store.yml was written')
  const text = await readFile(join(clone, 'config/dynamo_session_store.yml'), 'utf8')
  expect(text).toContain('$schema=../dist/config.schema.json\n')
})
