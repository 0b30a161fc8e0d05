import type { Configuration } from '../configuration/resolve.js'
import { tableArn } from '../configuration/table-arn.js'
import { partitionName } from '../dynamodb/endpoint.js'
import { reasonInCode } from '../dynamodb/transport-choice.js'
import { indexName } from '../session/item/index-attributes.js'
import { isAlias } from './kms-alias.js'
import { encryptionOf, kmsKeyOf } from './table-input.js'

/** The roles that have a policy of their own. */
export const ROLES = ['deploy', 'runtime', 'clean', 'index', 'inspect'] as const
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
   * Allows reading the whole table, for `--scan`, `scan: true`, and a store's `all`, `length` and `clear`.
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
 * The smallest policy that a role needs for this configuration:
 *
 * - `deploy`: `create-table`, `update-table`, `delete-table`, `plan`, `doctor`, and `npx umzug`
 * - `runtime`: the application
 * - `clean`: `clean` and `collectGarbage`
 * - `index`: `list --by` and `destroy`
 * - `inspect`: `list` without `--by`, `show` and `stats`
 */
export function policyOf(
  role: Role,
  configuration: Configuration,
  place: PolicyPlace,
  { migrationsTable, scan = false }: PolicySettings = {},
): Policy {
  const arns = new Arns(configuration, place)
  const resources: Record<Permission['on'], string | readonly string[]> = {
    table: arns.table,
    indexes: arns.indexes,
    migrations: migrationsTable === undefined ? [] : arns.own(migrationsTable),
    key: arns.key,
  }
  const permissions = permissionsOf(role, configuration, { scan, migrations: migrationsTable !== undefined })
  return {
    Version: '2012-10-17',
    Statement: permissions.map(({ on, actions, byDynamoDB = false }) => {
      const Condition = on === 'key' ? arns.keyCondition(byDynamoDB) : {}
      return {
        Effect: 'Allow',
        Action: actions,
        Resource: single(resources[on]),
        ...(Object.keys(Condition).length > 0 && { Condition }),
      }
    }),
  }
}

/** What a role may do, without the place. */
export interface Permission {
  readonly on: 'table' | 'indexes' | 'migrations' | 'key'
  /** For a key: allows only requests that DynamoDB makes on behalf of the role. */
  readonly byDynamoDB?: true
  /** IAM actions, such as `dynamodb:GetItem`. */
  readonly actions: readonly string[]
}

/** The permissions of {@link policyOf}. `migrations`: umzug logs executed migrations in a table. */
export function permissionsOf(
  role: Role,
  configuration: Configuration,
  { scan = false, migrations = false }: { readonly scan?: boolean; readonly migrations?: boolean } = {},
): Permission[] {
  const { indexKeys } = configuration
  const query = indexKeys.length > 0 && (role === 'runtime' || role === 'index')
  return [
    { on: 'table', actions: tableActions(role, configuration, scan) },
    ...(query ? [{ on: 'indexes', actions: ['dynamodb:Query'] } as const] : []),
    ...(migrations && role === 'deploy'
      ? [{ on: 'migrations', actions: migrationActions(configuration) } as const]
      : []),
    ...keyPermissions(role, configuration),
  ]
}

function tableActions(role: Role, configuration: Configuration, scan: boolean): string[] {
  const { batchReads } = configuration
  const scanning = scan ? ['Scan'] : []
  switch (role) {
    case 'deploy':
      return actions(...(configuration.manageTable ? manageActions(configuration) : VERIFY))
    case 'runtime': {
      const isIndexed = configuration.indexKeys.length > 0
      const batched = isIndexed || (batchReads && reasonInCode(configuration) === undefined)
      return actions('GetItem', ...(batched ? ['BatchGetItem'] : []), 'UpdateItem', 'DeleteItem', ...scanning)
    }
    case 'clean':
      return actions('Scan', deleteAction(configuration), 'DescribeTable')
    case 'index':
      return actions('GetItem', 'BatchGetItem', 'DeleteItem', ...scanning)
    case 'inspect':
      return actions('GetItem', 'Scan', 'DescribeTable')
  }
}

/** PartiQL deletes only from tables of the caller's account. */
function deleteAction({ tableName }: Configuration): string {
  return tableArn(tableName) ? 'DeleteItem' : 'PartiQLDelete'
}

/** The actions that compare the table with the configuration. */
const VERIFY = ['DescribeTable', 'DescribeTimeToLive', 'DescribeContinuousBackups', 'ListTagsOfResource']

function manageActions({ sources, ttl, tags, pointInTimeRecovery }: Configuration): string[] {
  const recovery = pointInTimeRecovery || sources.pointInTimeRecovery !== 'default'
  return [
    ...VERIFY,
    'CreateTable',
    'UpdateTable',
    'DeleteTable',
    'UpdateTimeToLive',
    // Without the option, Time to Live is switched on only for an empty table. A Scan tells whether it is empty.
    ...(ttl && sources.ttl === 'default' ? ['Scan'] : []),
    ...(recovery ? ['UpdateContinuousBackups'] : []),
    ...(tags ? ['TagResource', 'UntagResource'] : []),
  ]
}

function migrationActions({ tags }: Configuration): string[] {
  const log = ['CreateTable', 'DescribeTable', 'GetItem', 'PutItem', 'DeleteItem', 'Scan']
  return actions(...log, ...(tags ? ['TagResource'] : []))
}

/**
 * What the role may do with the customer's KMS key. DynamoDB uses this key with the caller's permissions. It needs the key
 * when a table gets it, and to decrypt the table's own key ("DynamoDB encryption at rest usage notes", Developer Guide).
 */
function keyPermissions(role: Role, configuration: Configuration): Permission[] {
  const kmsKeyId = kmsKeyOf(configuration)
  if (kmsKeyId === undefined) return []
  // The key that AWS manages needs no permission beyond those for the table.
  const managed = encryptionOf(configuration)?.KMSMasterKeyId === undefined
  const use = (...names: readonly string[]): Permission => {
    return { on: 'key', byDynamoDB: true, actions: names.map((name) => `kms:${name}`) }
  }
  if (role !== 'deploy') return managed ? [] : [use('Decrypt')]
  // A command asks KMS directly which key an alias stands for.
  const describe: Permission = { on: 'key', actions: ['kms:DescribeKey'] }
  if (managed || !configuration.manageTable) return isAlias(kmsKeyId) ? [describe] : []
  return [describe, use('CreateGrant', 'Decrypt', 'Encrypt', 'GenerateDataKey*', 'ReEncrypt*')]
}

function actions(...names: readonly string[]): string[] {
  return names.map((name) => `dynamodb:${name}`)
}

function single(resources: string | readonly string[]): string | readonly string[] {
  const [first] = resources
  return first !== undefined && resources.length === 1 ? first : resources
}

/** The ARNs of one configuration. */
class Arns {
  readonly table: string
  readonly indexes: readonly string[]
  /** An alias can't be the resource of a policy: {@link keyCondition} names it. */
  readonly key: string
  readonly #place: PolicyPlace
  readonly #alias: string | undefined

  constructor(configuration: Configuration, place: PolicyPlace) {
    const { tableName, indexKeys } = configuration
    const kmsKeyId = kmsKeyOf(configuration) ?? ''
    this.#place = place
    this.#alias = aliasOf(kmsKeyId)
    this.table = tableArn(tableName) ? tableName : this.own(tableName)
    this.indexes = indexKeys.map((key) => `${this.table}/index/${indexName(key)}`)
    this.key = kmsKeyId.startsWith('arn:')
      ? kmsKeyId.replace(/:alias\/.*$/, ':key/*')
      : this.#arn('kms', this.#alias === undefined ? `key/${kmsKeyId}` : 'key/*')
  }

  /** A table in the account of the role. */
  own(tableName: string): string {
    return this.#arn('dynamodb', `table/${tableName}`)
  }

  keyCondition(byDynamoDB: boolean): NonNullable<Statement['Condition']> {
    return {
      // The domain name of the service ends differently in each AWS partition.
      ...(byDynamoDB && { StringLike: { 'kms:ViaService': `dynamodb.${this.#place.region}.*` } }),
      ...(this.#alias !== undefined && { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': this.#alias } }),
    }
  }

  #arn(service: string, resource: string): string {
    const { region, account } = this.#place
    return `arn:${partitionName(region)}:${service}:${region}:${account}:${resource}`
  }
}

/** `alias/sessions`, of an alias or its ARN. */
export function aliasOf(kmsKeyId: string): string | undefined {
  return /(?:^|:)(alias\/.+)$/.exec(kmsKeyId)?.[1]
}
