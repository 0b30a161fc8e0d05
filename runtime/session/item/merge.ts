import type { OnConflict } from '../../configuration/options.js'
import { keepTexts } from './keep-number-texts.js'
import { type SessionData, serialize } from './serialize.js'

/** JSON to store, and the top-level keys that both sides changed differently: ours won. */
export interface Combined {
  readonly json: string
  readonly conflicts: readonly string[]
}

/**
 * Applies our changes to the stored data. Unchanged values keep their stored text.
 *
 * @param base JSON of the data from which we started
 * @param ours JSON of our data, with the texts of `base` where it is the same
 * @param onConflict given if another request changed the stored data
 */
export function combine(base: string, ours: string, stored: string, onConflict?: OnConflict): Combined {
  if (ours === base) return { json: stored, conflicts: [] }
  if (stored === base) return { json: ours, conflicts: [] }
  const versions = { base: JSON.parse(base), ours: JSON.parse(ours), theirs: JSON.parse(stored) }
  const { data, conflicts } =
    typeof onConflict === 'function'
      ? { data: onConflict(versions), conflicts: [] }
      : merge(versions.base, versions.ours, versions.theirs)
  return { json: keepTexts(serialize(data), stored), conflicts }
}

/**
 * Applies our changes to the data that other requests stored: whole top-level keys that we changed or deleted. Nested
 * values are never merged, because neither side may want a mixture of both.
 *
 * @param base the data from which we started; all three as JSON gives them
 */
export function merge(
  base: SessionData,
  ours: SessionData,
  theirs: SessionData,
): { readonly data: SessionData; readonly conflicts: readonly string[] } {
  const result = new Map(Object.entries(theirs))
  const conflicts: string[] = []
  for (const key of changedKeys(base, ours)) {
    if (!same(own(base, key), own(theirs, key)) && !same(own(ours, key), own(theirs, key))) conflicts.push(key)
    if (Object.hasOwn(ours, key)) result.set(key, ours[key])
    else result.delete(key)
  }
  return { data: Object.fromEntries(result), conflicts }
}

function changedKeys(base: SessionData, ours: SessionData): string[] {
  const keys = new Set([...Object.keys(base), ...Object.keys(ours)])
  return [...keys].filter((key) => !same(own(base, key), own(ours, key)))
}

/** Gives own properties only: session data may have keys such as `constructor`. */
function own(data: SessionData, key: string): unknown {
  return Object.hasOwn(data, key) ? data[key] : undefined
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
