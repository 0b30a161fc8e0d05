import type { SessionData } from './serialize.js'

/** What a save amounts to when others have saved in the meantime. */
export interface Merged {
  readonly data: SessionData
  /** Top-level keys that both sides changed, differently: ours won. */
  readonly conflicts: readonly string[]
}

/**
 * Puts our changes over what others stored: whole top-level keys, ours only where we changed them, deletions included.
 * Never deeper, for a mixture of two nested values may be one that neither side meant.
 *
 * @param base what we started from; all three as JSON gives them
 */
export function merge(base: SessionData, ours: SessionData, theirs: SessionData): Merged {
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

/** `constructor` and the like are keys as any other here, not what an object inherits. */
function own(data: SessionData, key: string): unknown {
  return Object.hasOwn(data, key) ? data[key] : undefined
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
