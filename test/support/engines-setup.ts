import type { TestProject } from 'vitest/node'
import { startDynalite, startDynamoDBLocal } from './engines-start.js'

type Availability = { endpoint: string } | { missing: string }
type Engines = Partial<Record<'dynalite' | 'DynamoDB Local', Availability>>

declare module 'vitest' {
  export interface ProvidedContext {
    /** What the project runs on: programs inside of Node (dynalite, SQLite), or servers (DynamoDB Local, PostgreSQL). */
    backends: readonly ('embedded' | 'servers')[]
    /** URL of each engine that the project runs on, or why the engine is missing. */
    engines: Engines
    /** URL for tests where the engine makes no difference. */
    anyEngine: string
    /** A second DynamoDB Local: one makes an index after the other, for all tests, and then takes minutes for one. */
    quietLocal: Availability
  }
}

/** Starts the engines of the project once for the whole run. */
export default async function setup(project: TestProject) {
  const { backends } = project.getProvidedContext()
  const local = backends.includes('servers') ? await startDynamoDBLocal() : { missing: 'npm test starts no Java' }
  const quiet = 'missing' in local ? local : await startDynamoDBLocal()
  const needsDynalite = backends.includes('embedded') || 'missing' in local
  const dynalite = needsDynalite ? await startDynalite() : undefined
  project.provide('engines', {
    ...(dynalite && backends.includes('embedded') && { dynalite: available(dynalite) }),
    ...(backends.includes('servers') && { 'DynamoDB Local': available(local) }),
  })
  project.provide('anyEngine', (dynalite ?? (local as { endpoint: string })).endpoint)
  project.provide('quietLocal', available(quiet))
  if (backends.includes('servers') && 'missing' in local) {
    console.warn(`DynamoDB Local: its tests are skipped: ${local.missing}`)
  }
  return async () => {
    for (const engine of [dynalite, local, quiet]) if (engine && 'stop' in engine) await engine.stop()
  }
}

function available(engine: Availability): Availability {
  return 'missing' in engine ? { missing: engine.missing } : { endpoint: engine.endpoint }
}
