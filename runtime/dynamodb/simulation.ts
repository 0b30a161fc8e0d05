import { AsyncLocalStorage } from 'node:async_hooks'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/**
 * Stands between this package and DynamoDB, for a dry run.
 *
 * @param client of the application, or built from the configuration
 * @returns the client that gets all requests
 */
export type Simulation = (client: DynamoDBClient) => DynamoDBClient

/** A key of the global object, because an application may load this package twice, for example through tsx. */
const KEY = Symbol.for('dynamo-session-store.simulation')

interface Place {
  [KEY]?: AsyncLocalStorage<Simulation>
}

/** The simulation in which this code runs. */
export function currentSimulation(): Simulation | undefined {
  return (globalThis as Place)[KEY]?.getStore()
}

/** Runs `work`. The simulation gets all requests of connections that `work` makes. */
export function withSimulation<T>(simulation: Simulation, work: () => T): T {
  const place = globalThis as Place
  place[KEY] ??= new AsyncLocalStorage()
  return place[KEY].run(simulation, work)
}
