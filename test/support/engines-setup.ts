import type { TestProject } from 'vitest/node'
import { startDynalite, startDynamoDBLocal } from './engines-start.js'

type Availability = { endpoint: string } | { missing: string }

declare module 'vitest' {
  export interface ProvidedContext {
    /** Each engine's URL, or why it is not there. */
    engines: { dynalite: Availability; 'DynamoDB Local': Availability }
  }
}

/** Starts both engines once for the whole run. */
export default async function setup(project: TestProject) {
  const dynalite = await startDynalite()
  const local = await startDynamoDBLocal()
  project.provide('engines', {
    dynalite: { endpoint: dynalite.endpoint },
    'DynamoDB Local': 'missing' in local ? { missing: local.missing } : { endpoint: local.endpoint },
  })
  if ('missing' in local) console.warn(`DynamoDB Local: its tests are skipped: ${local.missing}`)
  return async () => {
    await dynalite.stop()
    if ('stop' in local) await local.stop()
  }
}
