import { type Configuration, withValues } from '../../runtime/configuration/resolve.js'
import { TTL_ATTRIBUTE } from '../../runtime/session/item/attributes.js'
import { aliasOf, type Permission, permissionsOf, type Role } from '../../runtime/table/policy.js'
import { createTableInput, kmsKeyOf } from '../../runtime/table/table-input.js'
import { singleQuoted } from '../files/single-quoted.js'

/** A text as the templates need it. */
interface Text {
  readonly plain: string
  /** In double quotes, for YAML. */
  readonly yaml: string
  /** In double quotes, for HCL. */
  readonly hcl: string
  /** In single quotes, for TypeScript. */
  readonly ts: string
}

/**
 * The values of the templates. The table's values come from the request that `createTable` sends, so both make the same
 * table.
 */
export function templateData(configuration: Configuration) {
  const { environment, file, pointInTimeRecovery, pointInTimeRecoveryDays, deletionProtection, ttl } = configuration
  const input = createTableInput(configuration)
  const { ProvisionedThroughput, OnDemandThroughput, WarmThroughput, SSESpecification } = input
  const indexes = input.GlobalSecondaryIndexes ?? []
  const kmsKeyId = kmsKeyOf(configuration)
  const keyed = SSESpecification?.KMSMasterKeyId !== undefined
  return {
    origin: `${file ?? 'no configuration file'}, environment ${environment}`,
    tableName: text(input.TableName),
    key: text(input.KeySchema?.[0]?.AttributeName),
    attributes: (input.AttributeDefinitions ?? []).map(({ AttributeName }) => text(AttributeName)),
    billingMode: input.BillingMode,
    read: ProvisionedThroughput?.ReadCapacityUnits ?? '',
    write: ProvisionedThroughput?.WriteCapacityUnits ?? '',
    maximum: OnDemandThroughput !== undefined,
    maximumRead: OnDemandThroughput?.MaxReadRequestUnits ?? '',
    maximumWrite: OnDemandThroughput?.MaxWriteRequestUnits ?? '',
    warm: WarmThroughput !== undefined,
    warmRead: WarmThroughput?.ReadUnitsPerSecond ?? '',
    warmWrite: WarmThroughput?.WriteUnitsPerSecond ?? '',
    indexes: indexes.map(({ IndexName, KeySchema }, at) => ({
      name: text(IndexName),
      key: text(KeySchema?.[0]?.AttributeName),
      last: at === indexes.length - 1,
    })),
    ttl: ttl ? text(TTL_ATTRIBUTE) : '',
    recovery: pointInTimeRecovery,
    recoveryDays: pointInTimeRecovery && pointInTimeRecoveryDays !== LONGEST_RECOVERY ? pointInTimeRecoveryDays : '',
    deletionProtection,
    tableClass: input.TableClass ?? '',
    tags: (input.Tags ?? []).map(({ Key, Value }) => ({ name: text(Key), value: text(Value) })),
    encrypted: SSESpecification !== undefined,
    /** Whether the key is a parameter of the template. The key that AWS manages for the account is none. */
    keyed,
    kms: kmsKeyId === undefined ? '' : { ...text(kmsKeyId), ...keyForm(kmsKeyId, keyed) },
    policies: POLICIES.map(({ role, name, purpose }) => ({
      name,
      lowerName: name.toLowerCase(),
      purpose,
      permissions: permissionsOf(role, withValues(configuration, { manageTable: false })).map(permissionData),
    })),
  }
}

/** DynamoDB's default, which `createTable` leaves out too. */
const LONGEST_RECOVERY = 35

/** The tool that owns the table creates and changes it. So the role that deploys the application only verifies the table. */
const POLICIES: readonly { readonly role: Role; readonly name: string; readonly purpose: string }[] = [
  { role: 'runtime', name: 'Runtime', purpose: 'the application' },
  { role: 'clean', name: 'Clean', purpose: 'npx dynamo-session clean' },
  { role: 'deploy', name: 'Verify', purpose: 'npx dynamo-session plan, create-table and doctor' },
]

function permissionData({ on, actions, byDynamoDB }: Permission) {
  return {
    onTable: on === 'table',
    onIndexes: on === 'indexes',
    onKey: on === 'key',
    byDynamoDB: byDynamoDB === true,
    actions: actions.map((action) => text(action)),
  }
}

/** A policy names a key by its ARN, and an alias by a condition. Each form of `kms_key_id` is written differently. */
function keyForm(kmsKeyId: string, keyed: boolean) {
  const isArn = kmsKeyId.startsWith('arn:')
  const alias = aliasOf(kmsKeyId)
  return {
    /** Not an ARN: the stack's region and account complete the name. */
    byName: !isArn || !keyed,
    isManaged: !keyed,
    isKeyArn: isArn && alias === undefined,
    isKeyId: !isArn && alias === undefined,
    isAlias: keyed && !isArn && alias !== undefined,
    isAliasArn: keyed && isArn && alias !== undefined,
    alias: text(alias),
    /** All keys in the region and account of the alias. */
    keys: text(kmsKeyId.replace(/:alias\/.*$/, ':key/*')),
  }
}

function text(value = ''): Text {
  const json = JSON.stringify(value)
  return {
    plain: value,
    yaml: json,
    hcl: json.replaceAll('${', '$${').replaceAll('%{', '%%{'),
    ts: singleQuoted(value),
  }
}
