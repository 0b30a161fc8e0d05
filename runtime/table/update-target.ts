import type { OptionName, Options } from '../configuration/options.js'
import { type Configuration, withValues } from '../configuration/resolve.js'
import { compareTable, type SettingComparison } from './compare-table.js'
import type { LiveTable } from './live-table.js'
import { isSet } from './set-options.js'
import { optionsOf } from './table-options.js'
import type { Removals } from './update-steps.js'

/** The settings that an update aims at. */
export interface UpdateTarget {
  /** The settings that the update is about, next to those of the live table. */
  comparisons(live: LiveTable): SettingComparison[]
  /** The wanted settings of the table. A setting that stays has the value of the live table. */
  wanted(live: LiveTable): Configuration
}

/** The update to all declared settings. */
export function allDeclared(configuration: Configuration): UpdateTarget {
  return {
    comparisons: (live) => compareTable(configuration, live),
    wanted: (live) => keepingUnset(configuration, live),
  }
}

/** The update of only the settings in `options`, and of what `removals` removes. */
export function onlyGiven(configuration: Configuration, options: Options, removals: Removals): UpdateTarget {
  const { removeIndexes = false, removeTags = false } = removals
  const removed = typeof removeTags === 'boolean' ? [] : removeTags
  const given = new Set(namesIn(options))
  if (removeIndexes) given.add('indexKeys')
  if (removeTags === true) given.add('tags')
  if (impliesBilling(given, configuration)) given.add('billingMode')
  const wanted = (live: LiveTable): Configuration => {
    const before = optionsOf(live)
    const kept = SETTINGS.filter((name) => !given.has(name))
    const tags = { ...without(before.tags ?? {}, removed), ...(given.has('tags') && configuration.tags) }
    const values = { ...picked(before, kept), ...(removeTags !== true && { tags }) }
    const unset = Object.fromEntries(kept.map((name) => [name, 'default']))
    const sources = { ...configuration.sources, ...unset }
    return keepingUnset(Object.assign(withValues(configuration, values), { sources }), live)
  }
  const isAbout = (name: OptionName) => given.has(name) || (name === 'tags' && removed.length > 0)
  return {
    wanted,
    comparisons: (live) =>
      compareTable(wanted(live), live).filter((comparison) => optionsBehind(comparison).some(isAbout)),
  }
}

/** The options of the settings that `updateTable` can change. */
const SETTINGS = [
  'billingMode',
  'readCapacity',
  'writeCapacity',
  'maxReadRequestUnits',
  'maxWriteRequestUnits',
  'warmReadUnits',
  'warmWriteUnits',
  'ttl',
  'pointInTimeRecovery',
  'pointInTimeRecoveryDays',
  'tags',
  'deletionProtection',
  'kmsKeyId',
  'tableClass',
  'indexKeys',
] as const satisfies readonly OptionName[]

const KEPT = ['billingMode', 'readCapacity', 'writeCapacity', 'tableClass'] as const

/** The configuration, with the live values of the settings that stay because their option is not set. */
export function keepingUnset(configuration: Configuration, live: LiveTable): Configuration {
  const unset = KEPT.filter((name) => !isSet(configuration, name))
  return withValues(configuration, picked(optionsOf(live), unset))
}

/** The options that decide a comparison. For an existing index whose capacity differs: the capacities. */
function optionsBehind({ option, index, live, updatable }: SettingComparison): readonly OptionName[] {
  const isCapacity = index !== undefined && live !== null && updatable
  return isCapacity ? ['readCapacity', 'writeCapacity'] : [option]
}

function namesIn(options: Options): OptionName[] {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined && value !== null)
  return entries.map(([name]) => name as OptionName)
}

/** A capacity without a billing mode means a provisioned table. */
function impliesBilling(given: ReadonlySet<OptionName>, { sources }: Configuration): boolean {
  return (given.has('readCapacity') || given.has('writeCapacity')) && sources.billingMode.endsWith('_capacity)')
}

function picked(options: Options, names: readonly OptionName[]): Partial<Configuration> {
  const entries = names.map((name) => [name, options[name]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

function without(tags: Readonly<Record<string, string>>, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !names.includes(name)))
}
