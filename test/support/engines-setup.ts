import type { TestProject } from 'vitest/node'
import { type RunningEngine, startDynalite, startDynamoDBLocal } from './engines-start.js'

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

type Engine = RunningEngine | { missing: string }

/** The engines of this run, which its projects share. Each project has a copy of this module. */
const run = globalThis as { engines?: Map<string, { readonly started: Promise<Engine>; users: number }> }
run.engines ??= new Map()
const running = run.engines

/** Starts the engines of the project, unless another project of the run has started them. */
export default async function setup(project: TestProject) {
  const { backends } = project.getProvidedContext()
  const onServers = backends.includes('servers')
  const used: string[] = []
  const use = (name: string, start: () => Promise<Engine>) => {
    const engine = running.get(name) ?? { started: start(), users: 0 }
    engine.users += 1
    running.set(name, engine)
    used.push(name)
    return engine.started
  }
  const local = onServers ? await use('local', startDynamoDBLocal) : { missing: 'npm test starts no Java' }
  const quiet = 'missing' in local ? local : await use('quiet local', startDynamoDBLocal)
  const needsDynalite = backends.includes('embedded') || 'missing' in local
  const dynalite = needsDynalite ? await use('dynalite', startDynalite) : local
  project.provide('engines', {
    ...(backends.includes('embedded') && { dynalite: available(dynalite) }),
    ...(onServers && { 'DynamoDB Local': available(local) }),
  })
  project.provide('anyEngine', (dynalite as RunningEngine).endpoint)
  project.provide('quietLocal', available(quiet))
  if (onServers && 'missing' in local) console.warn(`DynamoDB Local: its tests are skipped: ${local.missing}`)
  return async () => {
    for (const name of used) await release(name)
  }
}

async function release(name: string): Promise<void> {
  const engine = running.get(name)
  if (!engine) return
  engine.users -= 1
  if (engine.users > 0) return
  running.delete(name)
  const started = await engine.started
  if ('stop' in started) await started.stop()
}

function available(engine: Availability): Availability {
  return 'missing' in engine ? { missing: engine.missing } : { endpoint: engine.endpoint }
}
