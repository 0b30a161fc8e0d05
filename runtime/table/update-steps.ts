import type { UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { OptionName } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { indexName } from '../session/item/index-attributes.js'
import { type SettingComparison, type SettingValue, tagChanges } from './compare-table.js'
import type { LiveTable } from './live-table.js'
import { setRecovery } from './recovery.js'
import { ensureIndex, removeIndex } from './table-indexes.js'
import { billingInput, encryptionOf, throughputInput, warmThroughputInput } from './table-input.js'
import { removeTags, setTags, type Tags } from './table-tags.js'
import type { TableWork } from './table-work.js'
import { reconcileTimeToLive, switchOffTimeToLive } from './time-to-live.js'

/** What a step works on. */
export interface UpdateWork {
  readonly work: TableWork
  /** The wanted settings of the table. Settings that stay have the values of the live table. */
  readonly configuration: Configuration
  readonly live: LiveTable
  /** The differences that the step removes. */
  readonly due: readonly SettingComparison[]
  readonly removals: Removals
}

/** What `updateTable` may remove. */
export interface Removals {
  /**
   * Delete indexes that `indexKeys` does not declare. An index with another key or projection than declared is deleted and
   * added again.
   *
   * @default false
   */
  readonly removeIndexes?: boolean | undefined
  /**
   * Remove tags that `tags` does not declare: `true` for all of them, or the names of some.
   *
   * @default false
   */
  readonly removeTags?: boolean | readonly string[] | undefined
}

/** One kind of change, for which DynamoDB needs a request of its own. */
export interface UpdateStep {
  /** Whether the step makes this change. */
  makes(difference: SettingComparison, removals: Removals): boolean
  run(change: UpdateWork): Promise<void>
}

const THROUGHPUT: readonly OptionName[] = [
  'readCapacity',
  'writeCapacity',
  'maxReadRequestUnits',
  'maxWriteRequestUnits',
]

/**
 * The steps in their order. Indexes are removed before a change of the billing mode, which gives every index a capacity.
 * They are added after that change. Deletion protection comes last: any later UpdateTable switches it off in DynamoDB Local.
 */
export const STEPS: readonly UpdateStep[] = [
  {
    makes: ({ index, updatable }, { removeIndexes = false }) => index !== undefined && !updatable && removeIndexes,
    run: async ({ work, live, due }) => {
      for (const { index = '' } of due) await removeIndex(work, index, live.table)
    },
  },
  {
    makes: ({ option, updatable }) => option === 'billingMode' && updatable,
    run: async ({ work, configuration, live }) => await update(work, billingInput(configuration, live.table)),
  },
  {
    makes: ({ option, index, live, updatable }) =>
      updatable && (THROUGHPUT.includes(option) || (index !== undefined && live !== null)),
    run: async ({ work, configuration, live, due }) =>
      await update(work, throughputInput(configuration, due, live.table)),
  },
  {
    makes: ({ option, updatable }) => (option === 'warmReadUnits' || option === 'warmWriteUnits') && updatable,
    run: async ({ work, configuration, live }) => await update(work, warmThroughputInput(configuration, live.table)),
  },
  {
    makes: ({ index, live, updatable }) => index !== undefined && live === null && updatable,
    run: async ({ work, configuration, live, due }) => {
      const keys = configuration.indexKeys.filter((key) => due.some(({ index }) => index === indexName(key)))
      let { table } = live
      for (const key of keys) table = await ensureIndex(work, key, table)
    },
  },
  {
    makes: ({ option, updatable }) => option === 'tableClass' && updatable,
    run: async ({ work, configuration }) => {
      const infrequent = configuration.tableClass === 'standard_infrequent_access'
      await update(work, { TableClass: infrequent ? 'STANDARD_INFREQUENT_ACCESS' : 'STANDARD' })
    },
  },
  {
    makes: ({ option, updatable }) => option === 'kmsKeyId' && updatable,
    run: async ({ work, configuration }) =>
      await update(work, { SSESpecification: encryptionOf(configuration) ?? { Enabled: false } }),
  },
  {
    makes: ({ option, updatable }) => option === 'ttl' && updatable,
    run: async ({ work }) => await (work.configuration.ttl ? reconcileTimeToLive(work) : switchOffTimeToLive(work)),
  },
  {
    makes: ({ option, updatable }) =>
      (option === 'pointInTimeRecovery' || option === 'pointInTimeRecoveryDays') && updatable,
    run: async ({ work, configuration: { pointInTimeRecovery: on, pointInTimeRecoveryDays: days } }) => {
      await setRecovery(work, { on, days })
    },
  },
  {
    makes: ({ option, declared, live, updatable }, removals) =>
      option === 'tags' && (updatable || unwantedTags(tagsIn(declared), tagsIn(live), removals).length > 0),
    run: async ({ work, configuration: { tags: declared = {} }, live: { table, tags }, removals }) => {
      const live = 'value' in tags ? tags.value : {}
      const { missing } = tagChanges(declared, live)
      const unwanted = unwantedTags(declared, live, removals)
      if (Object.keys(missing).length > 0) await setTags(work, table, missing)
      if (unwanted.length > 0) await removeTags(work, table, unwanted)
    },
  },
  {
    makes: ({ option, updatable }) => option === 'deletionProtection' && updatable,
    run: async ({ work }) => await update(work, { DeletionProtectionEnabled: work.configuration.deletionProtection }),
  },
]

async function update(work: TableWork, change: Omit<UpdateTableCommandInput, 'TableName'>): Promise<void> {
  const { tableName } = work.configuration
  await work.whileInUse('UpdateTable', (client, sdk) =>
    client.send(new sdk.UpdateTableCommand({ ...change, TableName: tableName })),
  )
}

/** The change that a step makes, for the log. Tags that are not declared may stay. */
export function madeChange(difference: SettingComparison, removals: Removals): SettingComparison {
  if (difference.option !== 'tags') return difference
  const declared = tagsIn(difference.declared)
  const live = tagsIn(difference.live)
  const unwanted = unwantedTags(declared, live, removals)
  const kept = Object.entries(live).filter(([name]) => !unwanted.includes(name))
  return { ...difference, declared: { ...Object.fromEntries(kept), ...declared } }
}

/** Names of the tags to remove. */
function unwantedTags(declared: Tags, live: Tags, { removeTags: unwanted = false }: Removals): readonly string[] {
  const { surplus } = tagChanges(declared, live)
  return typeof unwanted === 'boolean'
    ? surplus.filter(() => unwanted)
    : surplus.filter((name) => unwanted.includes(name))
}

function tagsIn(value: SettingValue): Tags {
  return typeof value === 'object' ? (value ?? {}) : {}
}
