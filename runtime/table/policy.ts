import type { Configuration } from '../configuration/resolve.js'
import { plainTableName, tableArn } from '../configuration/table-arn.js'
import { partitionName } from '../dynamodb/endpoint.js'
import { reasonInCode } from '../dynamodb/standalone.js'
import { indexName } from '../session/item/index-attributes.js'

/** The roles that have a policy of their own. */
export const ROLES = ['deploy', 'runtime', 'clean', 'index'] as const
export type Role = (typeof ROLES)[number]

/** Where the policy applies. */
export interface PolicyPlace {
  readonly region: string
  /** The account of the role. The table is in another account where `table_name` is an ARN. */
  readonly account: string
}

export interface PolicySettings {
  /**
   * Name of the table in which umzug logs executed migrations.
   *
   * @default none: the log is in a database
   */
  readonly migrationsTable?: string | undefined
  /**
   * Allows to read the whole table, for `--scan`, `scan: true`, and a store's `all`, `length` and `clear`.
   *
   * @default false
   */
  readonly scan?: boolean
}

/** An IAM policy, in the form that IAM accepts. */
export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

export interface Statement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/**
 * The least policy that a role needs for this configuration:
 *
 * - `deploy`: `create-table`, `update-table`, `delete-table`, `plan`, `doctor`, and `npx umzug`
 * - `runtime`: the application
 * - `clean`: `clean` and `collectGarbage`
 * - `index`: `list` and `destroy`
 */
export function policyOf(
  role: Role,
  configuration: Configuration,
  place: PolicyPlace,
  { migrationsTable, scan = false }: PolicySettings = {},
): Policy {
  const arns = new Arns(configuration, place)
  const table = tableActions(role, configuration, scan)
  const migrations = role === 'deploy' && migrationsTable !== undefined
  const query = configuration.indexKeys.length > 0 && (role === 'runtime' || role === 'index')
  return {
    Version: '2012-10-17',
    Statement: [
      allow(table, arns.table),
      ...(query ? [allow(['dynamodb:Query'], arns.indexes)] : []),
      ...(migrations ? [allow(migrationActions(configuration), arns.own(migrationsTable))] : []),
      ...keyStatements(role, configuration, arns),
    ],
  }
}

function tableActions(role: Role, configuration: Configuration, scan: boolean): string[] {
  const { batchReads } = configuration
  const scanning = scan ? ['Scan'] : []
  switch (role) {
    case 'deploy':
      return actions(...deployActions(configuration))
    case 'runtime': {
      const batched = batchReads && reasonInCode(configuration) === undefined
      return actions('GetItem', ...(batched ? ['BatchGetItem'] : []), 'UpdateItem', 'DeleteItem', ...scanning)
    }
    case 'clean':
      return actions('Scan', deleteAction(configuration), 'DescribeTable')
    case 'index':
      return actions('GetItem', 'DeleteItem', ...scanning)
  }
}

/** PartiQL deletes only from tables of the caller's account. */
function deleteAction({ tableName }: Configuration): string {
  return tableArn(tableName) ? 'DeleteItem' : 'PartiQLDelete'
}

function deployActions({ sources, ttl, tags, pointInTimeRecovery, indexKeys }: Configuration): string[] {
  return [
    'CreateTable',
    'DeleteTable',
    'DescribeTable',
    ...(indexKeys.length > 0 ? ['UpdateTable'] : []),
    // Time to Live is switched on without the option only for a table without items.
    ...(ttl ? ['DescribeTimeToLive', 'UpdateTimeToLive', ...(sources.ttl === 'default' ? ['Scan'] : [])] : []),
    ...(pointInTimeRecovery ? ['UpdateContinuousBackups'] : []),
    ...(tags ? ['TagResource'] : []),
  ]
}

function migrationActions({ tags }: Configuration): string[] {
  const log = ['CreateTable', 'DescribeTable', 'GetItem', 'PutItem', 'DeleteItem', 'Scan']
  return actions(...log, ...(tags ? ['TagResource'] : []))
}

/**
 * What a KMS key of the customer's has to allow. DynamoDB uses the key with the caller's permissions: to create a table
 * or to change its key, and to read the table's own key ("DynamoDB encryption at rest usage notes", Developer Guide).
 */
function keyStatements(role: Role, { kmsKeyId }: Configuration, arns: Arns): Statement[] {
  if (kmsKeyId === undefined) return []
  const decrypt = ['kms:Decrypt']
  const choose = ['kms:CreateGrant', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*']
  const key = allow(role === 'deploy' ? [...decrypt, ...choose] : decrypt, arns.key(kmsKeyId))
  return [{ ...key, Condition: arns.keyCondition(kmsKeyId) }]
}

function actions(...names: readonly string[]): string[] {
  return names.map((name) => `dynamodb:${name}`)
}

function allow(Action: readonly string[], resources: string | readonly string[]): Statement {
  const Resource = typeof resources !== 'string' && resources.length === 1 ? (resources[0] ?? []) : resources
  return { Effect: 'Allow', Action, Resource }
}

/** The ARNs of one configuration. */
class Arns {
  readonly table: string
  readonly indexes: readonly string[]
  readonly #place: PolicyPlace

  constructor({ tableName, indexKeys }: Configuration, place: PolicyPlace) {
    this.#place = place
    this.table = tableArn(tableName) ? tableName : this.own(tableName)
    this.indexes = indexKeys.map((key) => `${this.table}/index/${indexName(key)}`)
  }

  /** A table in the account of the role. */
  own(tableName: string): string {
    return this.#arn('dynamodb', `table/${plainTableName(tableName)}`)
  }

  /** The key of an id or an ARN. An alias is no resource of a policy: {@link keyCondition} names it. */
  key(kmsKeyId: string): string {
    if (aliasOf(kmsKeyId) !== undefined) return this.#arn('kms', 'key/*')
    return kmsKeyId.startsWith('arn:') ? kmsKeyId : this.#arn('kms', `key/${kmsKeyId}`)
  }

  keyCondition(kmsKeyId: string): NonNullable<Statement['Condition']> {
    const { region } = this.#place
    const alias = aliasOf(kmsKeyId)
    return {
      // Partitions have different suffixes.
      StringLike: { 'kms:ViaService': `dynamodb.${region}.*` },
      ...(alias !== undefined && { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } }),
    }
  }

  #arn(service: string, resource: string): string {
    const { region, account } = this.#place
    return `arn:${partitionName(region)}:${service}:${region}:${account}:${resource}`
  }
}

/** `alias/sessions`, of an alias or its ARN. */
function aliasOf(kmsKeyId: string): string | undefined {
  return /(?:^|:)(alias\/.+)$/.exec(kmsKeyId)?.[1]
}
