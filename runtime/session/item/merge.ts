import type { OnConflict } from '../../configuration/options.js'
import { keepTexts } from './keep-number-texts.js'
import { type SessionData, serialize } from './serialize.js'

/** JSON to store, and the top-level keys that both sides changed differently: ours won. */
export interface Combined {
  readonly json: string
  readonly conflicts: readonly string[]
}

/**
 * Puts our changes over what is stored. What we did not change keeps its text.
 *
 * @param base JSON of what we started from
 * @param ours JSON of our data, with the texts of `base` where it is the same
 * @param onConflict given where another request changed what is stored
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
 * Puts our changes over what other requests stored: whole top-level keys that we changed or deleted. It never goes
 * deeper, because neither side may have meant a mixture of two nested values.
 *
 * @param base what we started from; all three as JSON gives them
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
