import type { TestProject } from 'vitest/node'
import { startDynalite, startDynamoDBLocal } from './engines-start.js'

type Availability = { endpoint: string } | { missing: string }

declare module 'vitest' {
  export interface ProvidedContext {
    /** Each engine's URL, or why it is not there. */
    engines: { dynalite: Availability; 'DynamoDB Local': Availability }
    /** A second DynamoDB Local: one makes an index after the other, for all tests, and then takes minutes for one. */
    quietLocal: Availability
  }
}

/** Starts both engines once for the whole run. */
export default async function setup(project: TestProject) {
  const dynalite = await startDynalite()
  const local = await startDynamoDBLocal()
  const quiet = 'missing' in local ? local : await startDynamoDBLocal()
  const available = (engine: typeof local) =>
    'missing' in engine ? { missing: engine.missing } : { endpoint: engine.endpoint }
  project.provide('engines', {
    dynalite: { endpoint: dynalite.endpoint },
    'DynamoDB Local': available(local),
  })
  project.provide('quietLocal', available(quiet))
  if ('missing' in local) console.warn(`DynamoDB Local: its tests are skipped: ${local.missing}`)
  return async () => {
    await dynalite.stop()
    if ('stop' in local) await local.stop()
    if ('stop' in quiet) await quiet.stop()
  }
}
