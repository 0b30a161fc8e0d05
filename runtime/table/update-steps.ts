import type { UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { OptionName } from '../configuration/options.js'
import { TTL_ATTRIBUTE } from '../session/item/attributes.js'
import { indexName } from '../session/item/index-attributes.js'
import { type SettingComparison, tagChanges } from './compare-table.js'
import type { LiveTable } from './live-table.js'
import { setRecovery } from './recovery.js'
import { ensureIndex, removeIndex } from './table-indexes.js'
import { billingInput, encryptionOf, throughputInput, warmThroughputInput } from './table-input.js'
import { removeTags, setTags } from './table-tags.js'
import type { TableWork } from './table-work.js'
import { reconcileTimeToLive, switchOffTimeToLive } from './time-to-live.js'

/** What a step works on. */
export interface UpdateWork {
  readonly work: TableWork
  readonly live: LiveTable
  /** The differences that the step removes. */
  readonly due: readonly SettingComparison[]
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
   * Remove tags that `tags` does not declare.
   *
   * @default false
   */
  readonly removeTags?: boolean | undefined
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
    run: async ({ work, live }) => await update(work, billingInput(work.configuration, live.table)),
  },
  {
    makes: ({ option, index, live, updatable }) =>
      updatable && (THROUGHPUT.includes(option) || (index !== undefined && live !== null)),
    run: async ({ work, due }) => await update(work, throughputInput(work.configuration, due)),
  },
  {
    makes: ({ option, updatable }) => (option === 'warmReadUnits' || option === 'warmWriteUnits') && updatable,
    run: async ({ work, live }) => await update(work, warmThroughputInput(work.configuration, live.table)),
  },
  {
    makes: ({ index, live, updatable }) => index !== undefined && live === null && updatable,
    run: async ({ work, live, due }) => {
      const keys = work.configuration.indexKeys.filter((key) => due.some(({ index }) => index === indexName(key)))
      let { table } = live
      for (const key of keys) table = await ensureIndex(work, key, table)
    },
  },
  {
    makes: ({ option, updatable }) => option === 'tableClass' && updatable,
    run: async ({ work }) => {
      const infrequent = work.configuration.tableClass === 'standard_infrequent_access'
      await update(work, { TableClass: infrequent ? 'STANDARD_INFREQUENT_ACCESS' : 'STANDARD' })
    },
  },
  {
    makes: ({ option, updatable }) => option === 'kmsKeyId' && updatable,
    run: async ({ work }) =>
      await update(work, { SSESpecification: encryptionOf(work.configuration) ?? { Enabled: false } }),
  },
  {
    makes: ({ option, updatable }) => option === 'ttl' && updatable,
    run: async ({ work, live }) => {
      if (work.configuration.ttl) return await reconcileTimeToLive(work)
      const attribute = 'value' in live.timeToLive ? live.timeToLive.value.attribute : undefined
      await switchOffTimeToLive(work, attribute ?? TTL_ATTRIBUTE)
    },
  },
  {
    makes: ({ option, updatable }) =>
      (option === 'pointInTimeRecovery' || option === 'pointInTimeRecoveryDays') && updatable,
    run: async ({ work }) => {
      const { pointInTimeRecovery: on, pointInTimeRecoveryDays: days } = work.configuration
      await setRecovery(work, { on, days })
    },
  },
  {
    makes: ({ option, updatable }) => option === 'tags' && updatable,
    run: async ({ work, live }) => await setTags(work, live.table, tagsOf(work, live).missing),
  },
  {
    makes: ({ option, updatable }, flags) => option === 'tags' && !updatable && flags.removeTags === true,
    run: async ({ work, live }) => await removeTags(work, live.table, tagsOf(work, live).surplus),
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

function tagsOf({ configuration }: TableWork, { tags }: LiveTable): ReturnType<typeof tagChanges> {
  return tagChanges(configuration.tags ?? {}, 'value' in tags ? tags.value : {})
}
