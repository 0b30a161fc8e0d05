import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, inject } from 'vitest'
import { leadingTo, PATIENT } from './connection.js'

/** A DynamoDB to test against. */
export interface Engine {
  readonly name: 'dynalite' | 'DynamoDB Local'
  readonly endpoint: string
  /** Options that lead this package to the engine, with a table name of its own at each call. */
  options(): { tableName: string; endpoint: string; region: string }
  /** A client for the engine, or for a proxy in front of it. */
  client(endpoint?: string): DynamoDBClient
}

let tables = 0

/** A table name that no other test uses. */
export function uniqueTableName(): string {
  tables += 1
  return `sessions-${process.pid}-${tables}-${Math.random().toString(36).slice(2, 8)}`
}

/**
 * Runs the same suite on every engine of the project: dynalite in `npm test`, DynamoDB Local in project `servers`, both in
 * `slow` and `e2e`. One that is missing shows as skipped, with the reason in its title.
 *
 * @param quiet whether it needs a DynamoDB Local that does little else, because it waits for indexes
 */
export function onEachEngine(title: string, suite: (engine: Engine) => void, { quiet = false } = {}): void {
  for (const [name, engine] of Object.entries(inject('engines'))) {
    const used = quiet && name === 'DynamoDB Local' ? inject('quietLocal') : engine
    if ('missing' in used) {
      describe.skip(`${title} on ${name} (skipped: ${used.missing})`, () => suite(engineAt(name, 'http://127.0.0.1:1')))
    } else {
      describe(`${title} on ${name}`, () => suite(engineAt(name, used.endpoint)))
    }
  }
}

/** One engine, for tests where the engine makes no difference: dynalite wherever the project has it. */
export function anyEngine(): Engine {
  const name = 'dynalite' in inject('engines') ? 'dynalite' : 'DynamoDB Local'
  return engineAt(name, inject('anyEngine'))
}

function engineAt(name: string, endpoint: string): Engine {
  return {
    name: name as Engine['name'],
    endpoint,
    options: () => ({ tableName: uniqueTableName(), endpoint, region: 'us-east-1', ...PATIENT }),
    client: (at = endpoint) =>
      leadingTo(
        new DynamoDBClient({
          endpoint: at,
          region: 'us-east-1',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        }),
        at,
      ),
  }
}
