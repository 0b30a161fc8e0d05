import type { OptionName, Options } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { compareTable, type SettingComparison, tagChanges } from './compare-table.js'
import { settingText } from './comparison-text.js'
import { type LiveTable, readLiveTable } from './live-table.js'
import { optionsOf } from './table-options.js'
import type { Tags } from './table-tags.js'
import { type TableContext, workOnTable } from './table-work.js'
import { tableMissing } from './update-table.js'
import { keepingUnset } from './update-target.js'

/** The calls that bring the live table to the declared settings, and back. Plain data. */
export interface TableChange {
  readonly tableName: string
  /** For `updateTable`: the declared settings that differ. Empty: there is nothing to change. */
  readonly up: Options
  /** For `updateTable`: the live values of these settings. Settings that can't be undone are left out. */
  readonly down: Options
  /** Keys whose indexes `up` adds. In `down`, `updateTable` deletes no index. */
  readonly addedIndexes: readonly string[]
  /** Names of the tags that `up` adds. `updateTable` removes a tag only when it is asked to. */
  readonly addedTags: readonly string[]
  /** What the user should know: settings that stay as they are, and limits of AWS. */
  readonly notices: readonly string[]
}

const MAXIMA = ['maxReadRequestUnits', 'maxWriteRequestUnits'] as const

/**
 * Compares the declared settings with the live table.
 *
 * @param options which table, its settings, and how to reach it
 * @param context logger and time limits of the call
 * @throws {ConfigurationError}
 * @throws {TableRequestError} when there is no table, or DynamoDB does not describe it
 */
export async function readTableChange(options: Options = {}, context: TableContext = {}): Promise<TableChange> {
  return await workOnTable(options, context, async (work) => {
    const live = await readLiveTable(work)
    if (!live) throw tableMissing(work)
    const change = tableChange(work.configuration, live)
    if (Object.keys(change.down).length === 0) return change
    const [region] = (await work.place()).split('/')
    return { ...change, notices: [...change.notices, `down has the values that ${work.label} in ${region} has now`] }
  })
}

/** The change that {@link readTableChange} finds. Sends no request. */
export function tableChange(configuration: Configuration, live: LiveTable): TableChange {
  const comparisons = compareTable(configuration, live)
  const made = comparisons.filter(({ state, updatable }) => state === 'differs' && updatable)
  const before = optionsOf(live)
  const names = made.flatMap((difference) => optionsBehind(difference, configuration, before))
  const tags = changedTags(configuration.tags ?? {}, before.tags ?? {})
  const up = picked({ ...declaredOptions(keepingUnset(configuration, live)), tags: tags.up }, names)
  return {
    tableName: configuration.tableName,
    up,
    down: picked({ ...before, tags: tags.down }, names),
    addedIndexes: configuration.indexKeys.filter((key) => names.includes('indexKeys') && isAdded(key, before)),
    addedTags: names.includes('tags') ? tags.added : [],
    notices: [
      ...made.flatMap(({ setting, limit }) => (limit ? [`${setting}: ${limit.text} (${limit.source})`] : [])),
      ...(up.ttl === true ? ['ttl: true lets DynamoDB delete items whose expire_at has passed'] : []),
      ...comparisons
        .filter(({ state, updatable }) => state !== 'same' && !updatable)
        .map((comparison) => `left as it is: ${settingText(comparison)}`),
    ],
  }
}

/** Only the tags that differ. All other tags of the table stay. */
function changedTags(declared: Tags, live: Tags) {
  const { missing: up } = tagChanges(declared, live)
  const down = Object.fromEntries(Object.entries(live).filter(([name]) => Object.hasOwn(up, name)))
  return { up, down, added: Object.keys(up).filter((name) => !Object.hasOwn(live, name)) }
}

/** The options that declare a difference, and the options that must be given with them. */
function optionsBehind(
  { option, index, live }: SettingComparison,
  configuration: Configuration,
  before: Options,
): readonly OptionName[] {
  if (index !== undefined && live !== null) return ['readCapacity', 'writeCapacity']
  if (option === 'pointInTimeRecovery') return [option, 'pointInTimeRecoveryDays']
  if (option !== 'billingMode') return [option]
  const maxima = MAXIMA.filter((name) => configuration[name] !== 0 || (before[name] ?? 0) !== 0)
  return [option, 'readCapacity', 'writeCapacity', ...maxima]
}

/** The declared settings, in the form of {@link optionsOf}. */
function declaredOptions(configuration: Configuration): Options {
  const { billingMode, readCapacity, writeCapacity, maxReadRequestUnits, maxWriteRequestUnits } = configuration
  const { pointInTimeRecovery, pointInTimeRecoveryDays, kmsKeyId, ...others } = configuration
  return {
    billingMode,
    ...(billingMode === 'provisioned'
      ? { readCapacity, writeCapacity }
      : { maxReadRequestUnits, maxWriteRequestUnits }),
    warmReadUnits: others.warmReadUnits,
    warmWriteUnits: others.warmWriteUnits,
    ttl: others.ttl,
    pointInTimeRecovery,
    ...(pointInTimeRecovery && { pointInTimeRecoveryDays }),
    deletionProtection: others.deletionProtection,
    kmsKeyId: kmsKeyId ?? 'none',
    tableClass: others.tableClass,
    indexKeys: others.indexKeys,
  }
}

function picked(options: Options, names: readonly OptionName[]): Options {
  const entries = Object.entries(options)
  return Object.fromEntries(
    entries.filter(([name, value]) => names.includes(name as OptionName) && value !== undefined),
  )
}

function isAdded(key: string, before: Options): boolean {
  return !(before.indexKeys ?? []).includes(key)
}
