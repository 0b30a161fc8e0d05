import type { ScanCommandOutput } from '@aws-sdk/client-dynamodb'
import type { MigrationParams } from 'umzug'
import { wallClock } from '../../async/clock.js'
import type { Options } from '../../configuration/options.js'
import { resolveConfiguration } from '../../configuration/resolve.js'
import type { Logger } from '../../logger.js'
import type { MigrationStorage } from './contract.js'
import { DynamoDBLockStore, LOCK_NAME } from './dynamodb-lock.js'
import { DynamoDBMigrationsTable } from './dynamodb-table.js'
import type { LockStore } from './lock.js'

/**
 * Logs executed migrations in a small DynamoDB table, `<tableName>_migrations`, billed by request. The first migration
 * creates the table. The lock is one of its items.
 *
 * @throws {ConfigurationError}
 */
export class DynamoDBStorage implements MigrationStorage {
  readonly description: string
  readonly lock: LockStore
  readonly #table: DynamoDBMigrationsTable

  /**
   * @param options this package's options: table name, region, endpoint, client …
   * @param context `logger` logs the creation of the table
   */
  constructor(options: Options = {}, { logger }: { readonly logger?: Logger } = {}) {
    this.#table = new DynamoDBMigrationsTable(options, resolveConfiguration(options), logger)
    this.lock = new DynamoDBLockStore(this.#table)
    this.description = `dynamodb, table ${this.#table.name}`
  }

  async executed(): Promise<string[]> {
    const names: string[] = []
    let start: ScanCommandOutput['LastEvaluatedKey']
    do {
      const page: ScanCommandOutput | undefined = await this.#table.request('Scan', (transport, TableName) =>
        transport.send('Scan', {
          TableName,
          ConsistentRead: true,
          ProjectionExpression: '#name',
          ExpressionAttributeNames: { '#name': 'name' },
          ExclusiveStartKey: start,
        }),
      )
      for (const { name } of page?.Items ?? []) if (name?.S !== undefined) names.push(name.S)
      start = page?.LastEvaluatedKey
    } while (start)
    return names.filter((name) => name !== LOCK_NAME).sort()
  }

  async logMigration({ name }: MigrationParams<unknown>): Promise<void> {
    const Item = { name: { S: name }, executed_at: { S: new Date(wallClock()).toISOString() } }
    await this.#table.change('PutItem', (transport, TableName) => transport.send('PutItem', { TableName, Item }))
  }

  async unlogMigration({ name }: MigrationParams<unknown>): Promise<void> {
    const Key = { name: { S: name } }
    await this.#table.request('DeleteItem', (transport, TableName) => transport.send('DeleteItem', { TableName, Key }))
  }

  async close(): Promise<void> {
    this.#table.close()
  }
}
