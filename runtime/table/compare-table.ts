import type { OptionName } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { tableArn } from '../configuration/table-arn.js'
import { TTL_ATTRIBUTE } from '../session/item/attributes.js'
import { indexName } from '../session/item/index-attributes.js'
import type { IndexFacts, KeyAttribute, TableFacts } from './describe-table.js'
import { isAlias, isSameKey } from './kms-alias.js'
import type { LiveTable, Reading } from './live-table.js'
import { capacityOfIndex, isSet } from './set-options.js'
import { type DocumentedLimit, LIMITS } from './setting-limits.js'
import { kmsKeyOf } from './table-input.js'
import { attributeText, indexProblem, keyProblem } from './table-problems.js'
import { isOn, type TimeToLive, timeToLiveProblem } from './time-to-live.js'

/** The value of a setting, as JSON. `null`: none, or not known. */
export type SettingValue = string | number | boolean | Readonly<Record<string, string>> | null

/** One declared setting next to the live table. Plain data. */
export interface SettingComparison {
  /** Name of the setting, as YAML spells the option; of an index, `index "user_id-index"`. */
  readonly setting: string
  /** The option that declares the setting. */
  readonly option: OptionName
  /** Name of the index, if the setting is one. */
  readonly index?: string
  /** Where the option is set, such as `config/dynamo_session_store.yml:3` or `default`. */
  readonly source: string
  readonly state: 'same' | 'differs' | 'unknown'
  readonly declared: SettingValue
  readonly live: SettingValue
  /** Only if the state is `differs`: how to make both values the same. */
  readonly change?: string
  /** Whether `updateTable` makes the change by itself. */
  readonly updatable: boolean
  /** A limit that AWS documents for this change. AWS may apply another one. */
  readonly limit?: DocumentedLimit
  /** Only if the state is `unknown`: the IAM action that these credentials lack. */
  readonly permission?: string
  /** Only if the state is `unknown`: the service that gave no response, such as `KMS`. */
  readonly unreachable?: string
  /** Only where the state is `unknown`: the optional package to install, such as `@aws-sdk/client-kms`. */
  readonly uninstalled?: string
  /** Further information, such as why the setting is unknown. */
  readonly note?: string
}

const UPDATE = 'npx dynamo-session update-table'

const SAME = { state: 'same', updatable: false } as const

/**
 * Compares the declared settings, defaults included, with those of the live table. Sends no request.
 *
 * Billing mode, capacities and table class count as declared only if their options are set.
 *
 * Values that DynamoDB leaves out of its responses count as its defaults. So a table that `createTable` has just made from
 * the same configuration has no differences.
 */
export function compareTable(configuration: Configuration, live: LiveTable): SettingComparison[] {
  const { table } = live
  const comparisons = [
    compareKey(configuration, table),
    ...compareThroughput(configuration, table),
    ...compareWarmThroughput(configuration, table),
    compareTimeToLive(configuration, live.timeToLive),
    ...compareRecovery(configuration, live.recovery),
    compareTags(configuration, live.tags),
    compareDeletionProtection(configuration, table),
    compareEncryption(configuration, live),
    compareIfSet(configuration, 'tableClass', 'table_class', table.tableClass, LIMITS.tableClass),
    ...compareIndexes(configuration, table),
  ]
  return configuration.manageTable ? comparisons : comparisons.map((one) => elsewhere(one, configuration))
}

/** The advice for a table that this package does not manage, and so does not change. */
function elsewhere(comparison: SettingComparison, { tableName }: Configuration): SettingComparison {
  if (!comparison.change?.includes(UPDATE)) return comparison
  const arn = tableArn(tableName)
  const change =
    arn && comparison.option === 'ttl'
      ? `only the owner's account may change Time to Live: change it in account ${arn.account}, or declare here what the table has`
      : 'change it where the table is managed, or declare here what the table has'
  return { ...comparison, change, updatable: false }
}

/** The settings that differ. */
export function differencesOf(comparisons: readonly SettingComparison[]): SettingComparison[] {
  return comparisons.filter(({ state }) => state === 'differs')
}

/** Compares a setting whose declared value has the same form as its live value. */
function compare(
  configuration: Configuration,
  option: OptionName,
  setting: string,
  live: SettingValue,
  limit?: DocumentedLimit,
): SettingComparison {
  const declared = configuration[option] as SettingValue
  const base = { setting, option, source: configuration.sources[option], declared, live }
  return declared === live ? { ...base, ...SAME } : { ...base, ...changeable(limit) }
}

/** Compares a setting that `updateTable` leaves alone if its option is not set. Nothing is declared then. */
function compareIfSet(
  configuration: Configuration,
  option: OptionName,
  setting: string,
  live: SettingValue,
  limit?: DocumentedLimit,
): SettingComparison {
  const compared = compare(configuration, option, setting, live, limit)
  if (compared.state === 'same' || isSet(configuration, option)) return compared
  const note = `${setting} is not set, so the table keeps its own value`
  return { setting, option, source: compared.source, declared: null, live, ...SAME, note }
}

/** `updateTable` makes this change. */
function changeable(limit?: DocumentedLimit) {
  return { state: 'differs', change: UPDATE, updatable: true, ...(limit && { limit }) } as const
}

/** `updateTable` leaves this difference: the option is not set, and the change would remove something. */
function kept(setting: string, { keep, change }: { keep: string; change: string }) {
  const text = `set ${setting}: ${keep} to keep it, or ${setting}: ${change} and run ${UPDATE}`
  return { state: 'differs', change: text, updatable: false } as const
}

function unknown(reading: Exclude<Reading<never>, { readonly value: unknown }>) {
  const base = { live: null, state: 'unknown', updatable: false } as const
  if ('permission' in reading) return { ...base, permission: reading.permission }
  if ('lacking' in reading) return { ...base, note: `this endpoint has no ${reading.lacking}` }
  if ('unreachable' in reading) {
    const { unreachable } = reading
    return { ...base, unreachable, note: `${unreachable} can't be reached` }
  }
  const { uninstalled } = reading
  return { ...base, uninstalled, note: `${uninstalled} is not installed: npm install ${uninstalled}` }
}

function compareKey(configuration: Configuration, table: TableFacts): SettingComparison {
  const base = {
    setting: 'table_key',
    option: 'tableKey',
    source: configuration.sources.tableKey,
    declared: keyText([{ name: configuration.tableKey, type: 'S' }]),
    live: keyText(table.key),
  } as const
  const problem = keyProblem(table, configuration)
  if (!problem) return { ...base, ...SAME }
  return { ...base, state: 'differs', change: `DynamoDB can't change a key: ${problem}`, updatable: false }
}

function keyText(key: readonly KeyAttribute[]): string {
  return key.map(attributeText).join(' and ')
}

function compareThroughput(configuration: Configuration, table: TableFacts): SettingComparison[] {
  const billing = compareIfSet(configuration, 'billingMode', 'billing_mode', table.billingMode, LIMITS.billingMode)
  // Throughput settings are compared only in the declared billing mode.
  if (billing.state === 'differs') return [billing]
  if (table.capacity) {
    const { read, write } = table.capacity
    const limit = LIMITS.capacity
    return [
      billing,
      compareIfSet(
        configuration,
        'readCapacity',
        'read_capacity',
        read,
        read > configuration.readCapacity ? limit : undefined,
      ),
      compareIfSet(
        configuration,
        'writeCapacity',
        'write_capacity',
        write,
        write > configuration.writeCapacity ? limit : undefined,
      ),
    ]
  }
  return [
    billing,
    compareMaximum(configuration, 'maxReadRequestUnits', 'max_read_request_units', table.maxRequestUnits.read),
    compareMaximum(configuration, 'maxWriteRequestUnits', 'max_write_request_units', table.maxRequestUnits.write),
  ]
}

function compareMaximum(
  configuration: Configuration,
  option: 'maxReadRequestUnits' | 'maxWriteRequestUnits',
  setting: string,
  live: number,
): SettingComparison {
  const compared = compare(configuration, option, setting, live)
  if (compared.state === 'same' || compared.source !== 'default') return compared
  return { ...compared, ...kept(setting, { keep: String(live), change: '0' }) }
}

/** Warm throughput grows with the traffic, and never shrinks. So a value above the declared one counts as the same. */
function compareWarmThroughput(configuration: Configuration, { warmThroughput }: TableFacts): SettingComparison[] {
  const { sources } = configuration
  const names = [
    ['warmReadUnits', 'warm_read_units', 'read'],
    ['warmWriteUnits', 'warm_write_units', 'write'],
  ] as const
  return names.map(([option, setting, which]): SettingComparison => {
    const declared = configuration[option] ?? null
    const live = warmThroughput?.[which] ?? null
    const base = { setting, option, source: sources[option], declared, live }
    if (declared === null) return { ...base, ...SAME }
    if (live === null) return { ...base, ...unknown({ lacking: 'warm throughput' }) }
    return live >= declared ? { ...base, ...SAME } : { ...base, ...changeable(LIMITS.warmThroughput) }
  })
}

function compareTimeToLive(configuration: Configuration, reading: Reading<TimeToLive>): SettingComparison {
  const { ttl: declared, tableName, sources } = configuration
  const base = { setting: 'ttl', option: 'ttl', source: sources.ttl, declared } as const
  if (!('value' in reading)) {
    if ('lacking' in reading && !declared) return { ...base, live: false, ...SAME }
    return { ...base, ...unknown(reading) }
  }
  const { value: live } = reading
  const on = isOn(live)
  const other = on && live.attribute !== TTL_ATTRIBUTE
  const shown = { ...base, live: other ? `on the attribute "${live.attribute}"` : on, ...noteOf(live) }
  // Time to Live on another attribute belongs to another application. `ttl: false` leaves it on.
  if (other ? !declared : on === declared) return { ...shown, ...SAME }
  if (other) {
    return {
      ...shown,
      state: 'differs',
      change: timeToLiveProblem(live, tableName) ?? '',
      updatable: false,
      limit: LIMITS.ttl,
    }
  }
  if (declared && sources.ttl === 'default') {
    const change = `${UPDATE}; if the table holds items, set ttl: true before (DynamoDB then deletes items whose ${TTL_ATTRIBUTE} has passed)`
    return { ...shown, ...changeable(LIMITS.ttl), change }
  }
  return { ...shown, ...changeable(LIMITS.ttl) }
}

function noteOf({ status }: TimeToLive): { note?: string } {
  if (status === 'ENABLING') return { note: 'DynamoDB is switching it on' }
  return status === 'DISABLING' ? { note: 'DynamoDB is switching it off, which may take an hour' } : {}
}

function compareRecovery(configuration: Configuration, reading: LiveTable['recovery']): SettingComparison[] {
  const { pointInTimeRecovery: declared, sources } = configuration
  const setting = 'point_in_time_recovery'
  const base = { setting, option: 'pointInTimeRecovery', source: sources.pointInTimeRecovery, declared } as const
  if (!('value' in reading)) {
    // On an endpoint without backups, recovery counts as off.
    if ('lacking' in reading && !declared) return [{ ...base, live: false, ...SAME }]
    return [{ ...base, ...unknown(reading) }]
  }
  const { on: live, days } = reading.value
  if (live !== declared) {
    const keeping = live && sources.pointInTimeRecovery === 'default'
    const difference = keeping ? kept(setting, { keep: 'true', change: 'false' }) : changeable()
    return [{ ...base, live, ...difference }]
  }
  const same = { ...base, live, ...SAME } as const
  if (!live || days === undefined) return [same]
  return [same, compare(configuration, 'pointInTimeRecoveryDays', 'point_in_time_recovery_days', days)]
}

function compareTags(configuration: Configuration, reading: LiveTable['tags']): SettingComparison {
  const { tags: declared = {}, sources } = configuration
  const base = { setting: 'tags', option: 'tags', source: sources.tags, declared } as const
  if (!('value' in reading)) {
    if ('lacking' in reading && Object.keys(declared).length === 0) return { ...base, live: {}, ...SAME }
    return { ...base, ...unknown(reading) }
  }
  const { value: live } = reading
  const { missing, surplus } = tagChanges(declared, live)
  if (Object.keys(missing).length > 0) return { ...base, live, ...changeable() }
  if (surplus.length === 0) return { ...base, live, ...SAME }
  const names = surplus.map((name) => JSON.stringify(name)).join(', ')
  const change = `add ${names} to tags, or ${UPDATE} --remove-tags`
  return { ...base, live, state: 'differs', change, updatable: false }
}

/** The declared tags that differ in the table or are missing, and the names of tags that are not declared. */
export function tagChanges(
  declared: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
): { readonly missing: Readonly<Record<string, string>>; readonly surplus: readonly string[] } {
  return {
    missing: Object.fromEntries(Object.entries(declared).filter(([name, value]) => live[name] !== value)),
    surplus: Object.keys(live).filter((name) => !Object.hasOwn(declared, name)),
  }
}

function compareDeletionProtection(configuration: Configuration, table: TableFacts): SettingComparison {
  const setting = 'deletion_protection'
  const option = 'deletionProtection'
  const { deletionProtection: declared, sources } = configuration
  if (declared && table.deletionProtection === undefined) {
    return { setting, option, source: sources[option], declared, ...unknown({ lacking: 'deletion protection' }) }
  }
  const compared = compare(configuration, option, setting, table.deletionProtection ?? false)
  if (compared.state === 'same' || compared.source !== 'default') return compared
  return { ...compared, ...kept(setting, { keep: 'true', change: 'false' }) }
}

function compareEncryption(configuration: Configuration, { table, aliasedKey }: LiveTable): SettingComparison {
  const setting = 'kms_key_id'
  const declared = kmsKeyOf(configuration) ?? null
  const live = table.kmsKeyArn ?? null
  const base = { setting, option: 'kmsKeyId', source: configuration.sources.kmsKeyId, declared, live } as const
  if (declared === null) {
    if (live === null) return { ...base, ...SAME }
    const difference =
      base.source === 'default' ? kept(setting, { keep: live, change: 'none' }) : changeable(LIMITS.kmsKeyId)
    return { ...base, ...difference }
  }
  if (live === null) return { ...base, ...changeable(LIMITS.kmsKeyId) }
  // In a dry run, the simulated table has the key as the migration names it, which may be an alias.
  if (isSameKey(declared, live)) return { ...base, ...SAME }
  if (!isAlias(declared)) return { ...base, ...changeable(LIMITS.kmsKeyId) }
  if (aliasedKey === undefined) return { ...base, ...unknown({ lacking: 'KMS' }), live }
  if (!('value' in aliasedKey)) return { ...base, ...unknown(aliasedKey), live }
  if (aliasedKey.value === undefined) {
    const change = `KMS has no ${declared} in this region and account: create it, or set another kms_key_id`
    return { ...base, state: 'differs', change, updatable: false }
  }
  return aliasedKey.value === live ? { ...base, ...SAME } : { ...base, ...changeable(LIMITS.kmsKeyId) }
}

/** A line for each declared index, then one for each other index of the table. */
function compareIndexes(configuration: Configuration, table: TableFacts): SettingComparison[] {
  const names = configuration.indexKeys.map(indexName)
  return [
    ...configuration.indexKeys.map((key) => compareIndex(configuration, table, key)),
    ...table.indexes.filter(({ name }) => !names.includes(name)).map((index) => surplusIndex(configuration, index)),
  ]
}

function compareIndex(configuration: Configuration, table: TableFacts, key: string): SettingComparison {
  const name = indexName(key)
  const base = indexBase(configuration, name)
  const declared = `${attributeText({ name: key, type: 'S' })}, KEYS_ONLY`
  const index = table.indexes.find((candidate) => candidate.name === name)
  if (!index) return { ...base, declared, live: null, ...changeable() }
  const live = indexText(index)
  const shown = { ...base, declared, live, ...(index.status !== 'ACTIVE' && { note: `the index is ${index.status}` }) }
  if (indexProblem(table, key) !== undefined || live !== declared) {
    const change = `DynamoDB can't change an index: ${UPDATE} --remove-indexes deletes it and adds it again`
    return { ...shown, state: 'differs', change, updatable: false }
  }
  // A billing mode that differs has its own line. The capacities change with it.
  if (table.billingMode !== configuration.billingMode || !index.capacity) return { ...shown, ...SAME }
  const { read, write } = index.capacity
  const { readCapacity, writeCapacity } = capacityOfIndex(configuration, index.capacity)
  if (read === readCapacity && write === writeCapacity) return { ...shown, ...SAME }
  return {
    ...shown,
    declared: `${declared}, ${readCapacity} read and ${writeCapacity} write capacity units`,
    live: `${live}, ${read} read and ${write} write capacity units`,
    ...changeable(LIMITS.capacity),
  }
}

function surplusIndex(configuration: Configuration, index: IndexFacts): SettingComparison {
  const [first, second] = index.key
  const declarable = first && !second && first.type === 'S' && index.name === indexName(first.name)
  const add = declarable ? `add "${first.name}" to index_keys, or ` : ''
  return {
    ...indexBase(configuration, index.name),
    declared: null,
    live: indexText(index),
    state: 'differs',
    change: `${add}${UPDATE} --remove-indexes`,
    updatable: false,
  }
}

function indexBase({ sources }: Configuration, name: string) {
  return { setting: `index "${name}"`, index: name, option: 'indexKeys', source: sources.indexKeys } as const
}

function indexText({ key, projection }: IndexFacts): string {
  return `${keyText(key)}, ${projection}`
}
