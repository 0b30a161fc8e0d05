import type { Options } from '../configuration/options.js'
import { indexName } from '../session/item/index-attributes.js'
import { type LiveTable, readLiveTable } from './live-table.js'
import { type TableContext, workOnTable } from './table-work.js'
import { isOn } from './time-to-live.js'

/**
 * Reads all settings of the live table as options in code, plain data. `updateTable` with these options brings the table back
 * to them. An unknown setting is left out.
 *
 * @param options which table, and how to reach it
 * @param context how the call does its work
 * @returns undefined when there is no such table
 * @throws {ConfigurationError}
 * @throws {TableRequestError} when DynamoDB does not describe the table
 */
export async function readTableOptions(
  options: Options = {},
  context: TableContext = {},
): Promise<Options | undefined> {
  return await workOnTable(options, context, async (work) => {
    const live = await readLiveTable(work)
    return live && optionsOf(live)
  })
}

/** The settings of a live table, as {@link readTableOptions} returns them. */
export function optionsOf({ table, timeToLive, recovery, tags }: LiveTable): Options {
  const { billingMode, capacity, maxRequestUnits, kmsKeyArn, deletionProtection, tableClass, indexes } = table
  const throughput =
    billingMode === 'provisioned'
      ? { readCapacity: capacity?.read, writeCapacity: capacity?.write }
      : { maxReadRequestUnits: maxRequestUnits.read, maxWriteRequestUnits: maxRequestUnits.write }
  const days = 'value' in recovery && recovery.value.on ? recovery.value.days : undefined
  return {
    billingMode,
    ...throughput,
    ...('value' in timeToLive && { ttl: isOn(timeToLive.value) }),
    ...('value' in recovery && { pointInTimeRecovery: recovery.value.on }),
    ...(days !== undefined && { pointInTimeRecoveryDays: days }),
    ...('value' in tags && { tags: tags.value }),
    deletionProtection,
    kmsKeyId: kmsKeyArn ?? 'none',
    tableClass,
    indexKeys: indexes.flatMap(({ name, key: [first] }) =>
      first && name === indexName(first.name) ? [first.name] : [],
    ),
  }
}
