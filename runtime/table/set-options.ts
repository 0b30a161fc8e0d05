import type { OptionName } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'

/** Whether an option is set, in code, ENV or the file. A maximum of request units also sets the billing mode. */
export function isSet(configuration: Configuration, option: OptionName): boolean {
  const { sources, maxReadRequestUnits, maxWriteRequestUnits } = configuration
  if (sources[option] !== 'default') return true
  return option === 'billingMode' && (maxReadRequestUnits > 0 || maxWriteRequestUnits > 0)
}
