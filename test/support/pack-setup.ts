import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { packSources } from './app-setup.js'

/** Packs the present sources once. */
export default async function setup(project: TestProject) {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-pack-'))
  project.provide('tarball', await packSources(folder))
  return () => rm(folder, { recursive: true, force: true })
}
