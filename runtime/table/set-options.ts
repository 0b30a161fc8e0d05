import type { OptionName } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Units } from './describe-table.js'

/** Whether an option is set, in code, ENV or the file. A maximum of request units also sets the billing mode. */
export function isSet(configuration: Configuration, option: OptionName): boolean {
  const { sources, maxReadRequestUnits, maxWriteRequestUnits } = configuration
  if (sources[option] !== 'default') return true
  return option === 'billingMode' && (maxReadRequestUnits > 0 || maxWriteRequestUnits > 0)
}

/** The capacity of an index in a provisioned table. If an option is not set, the index keeps its own capacity. */
export function capacityOfIndex(
  configuration: Configuration,
  { read, write }: Units = { read: 0, write: 0 },
): Pick<Configuration, 'readCapacity' | 'writeCapacity'> {
  return {
    readCapacity: isSet(configuration, 'readCapacity') ? configuration.readCapacity : read,
    writeCapacity: isSet(configuration, 'writeCapacity') ? configuration.writeCapacity : write,
  }
}
