import type { Options } from '../configuration/options.js'
import { indexName } from '../session/item/index-attributes.js'
import type { LiveTable } from './live-table.js'
import { isOn } from './time-to-live.js'

/**
 * The settings of the live table as options in code, plain data. `updateTable` with these options brings the table back to
 * them. A setting is left out if the endpoint lacks it, or a permission to read it is missing.
 */
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
