import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Options } from '../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { Connection } from '../../runtime/dynamodb/connection.js'

const ENDPOINTS = new WeakMap<object, string>()

/** Remembers where a client of the tests leads. */
export function leadingTo<T extends object>(client: T, endpoint: string): T {
  ENDPOINTS.set(client, endpoint)
  return client
}

/** Long, because machines of tests are slow. Milliseconds. */
export const PATIENT = { requestTimeout: 60_000, attemptTimeout: 60_000, connectTimeout: 60_000 }

/** A client that a test has changed: from now on it is handed over as it is. */
export function changed<T extends object>(client: T): T {
  ENDPOINTS.delete(client)
  return client
}

/** Options that lead to the same place as a client of the tests. One that was made elsewhere (a mock) is handed over. */
export function reaching(client: DynamoDBClient): Options {
  const endpoint = ENDPOINTS.get(client)
  return endpoint === undefined ? { client } : { endpoint, region: 'us-east-1', ...PATIENT }
}

/**
 * A connection to the same place as a client of the tests, by the transport that the environment asks for (lean, if
 * none).
 */
export function connectionTo(client: DynamoDBClient, options: Options = {}): Connection {
  return new Connection(resolveConfiguration({ ...reaching(client), ...options }))
}
