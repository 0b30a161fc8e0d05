import type { ScanCommandOutput } from '@aws-sdk/client-dynamodb'
import type { MigrationParams } from 'umzug'
import { wallClock } from '../../async/clock.js'
import type { Options } from '../../configuration/options.js'
import { resolveConfiguration } from '../../configuration/resolve.js'
import type { Logger } from '../../logger.js'
import {
  type DetailedStorage,
  detailsText,
  isMigrationName,
  type LogEntry,
  type LogParams,
  type MigrationDetails,
  readDetails,
} from './contract.js'
import { DynamoDBLockStore, LOCK_NAME } from './dynamodb-lock.js'
import { DynamoDBMigrationsTable } from './dynamodb-table.js'
import type { LockStore } from './lock.js'

/**
 * Logs executed migrations in a small DynamoDB table, `<tableName>_migrations`, billed on demand. The first migration
 * creates the table. The lock is one of its items.
 *
 * @throws {ConfigurationError}
 */
export class DynamoDBStorage implements DetailedStorage {
  readonly description: string
  readonly lock: LockStore
  readonly #table: DynamoDBMigrationsTable

  /**
   * @param options this package's options: table name, region, endpoint, client …
   * @param context `logger` logs the creation of the table
   */
  constructor(options: Options = {}, { logger }: { readonly logger?: Logger } = {}) {
    this.#table = new DynamoDBMigrationsTable(resolveConfiguration(options), logger)
    this.lock = new DynamoDBLockStore(this.#table)
    this.description = `dynamodb, table ${this.#table.name}`
  }

  async executed(): Promise<string[]> {
    return (await this.entries()).map(({ name }) => name).filter(isMigrationName)
  }

  /** All rows, sorted by name. */
  async entries(): Promise<readonly LogEntry[]> {
    return (await this.#rows()).map(({ name, details }) => ({ name, details: readDetails(details) }))
  }

  async logMigration({ name, details }: LogParams): Promise<void> {
    await this.#write({
      name,
      executedAt: new Date(wallClock()).toISOString(),
      details: details && detailsText(details),
    })
  }

  async setDetails(name: string, details: MigrationDetails): Promise<void> {
    const row = (await this.#rows()).find((candidate) => candidate.name === name)
    if (row) await this.#write({ ...row, details: detailsText(details) })
  }

  async unlogMigration({ name }: MigrationParams<unknown>): Promise<void> {
    const Key = { name: { S: name } }
    await this.#table.request('DeleteItem', (transport, TableName) => transport.send('DeleteItem', { TableName, Key }))
  }

  async close(): Promise<void> {
    this.#table.close()
  }

  async #rows(): Promise<Row[]> {
    const rows: Row[] = []
    let start: ScanCommandOutput['LastEvaluatedKey']
    do {
      const page: ScanCommandOutput | undefined = await this.#table.request('Scan', (transport, TableName) =>
        transport.send('Scan', {
          TableName,
          ConsistentRead: true,
          ProjectionExpression: '#name, #executedAt, #details',
          ExpressionAttributeNames: { '#name': 'name', '#executedAt': 'executed_at', '#details': 'details' },
          ExclusiveStartKey: start,
        }),
      )
      for (const { name, executed_at, details } of page?.Items ?? []) {
        if (name?.S === undefined || name.S === LOCK_NAME) continue
        rows.push({ name: name.S, executedAt: executed_at?.S, details: details?.S })
      }
      start = page?.LastEvaluatedKey
    } while (start)
    return rows.sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  async #write({ name, executedAt, details }: Row): Promise<void> {
    const Item = {
      name: { S: name },
      ...(executedAt !== undefined && { executed_at: { S: executedAt } }),
      ...(details !== undefined && { details: { S: details } }),
    }
    await this.#table.change('PutItem', (transport, TableName) => transport.send('PutItem', { TableName, Item }))
  }
}

/** An item as stored. */
interface Row {
  readonly name: string
  readonly executedAt: string | undefined
  readonly details: string | undefined
}
