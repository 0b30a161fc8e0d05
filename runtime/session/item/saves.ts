import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** How many tokens an item keeps: at most 83 bytes. */
const KEPT = 12

const SEPARATOR = ' '

/**
 * Names one save: the nine random digits of its `updated_at`, in base 36.
 *
 * @param updatedAt as {@link timestamp} makes it
 */
export function tokenOf(updatedAt: string): string {
  return Number(updatedAt.slice(-9)).toString(36)
}

/** The tokens of the last saves that an item keeps in its attribute `saves`, the newest first. */
export function savesIn(attribute: AttributeValue | undefined): readonly string[] {
  return attribute?.S ? attribute.S.split(SEPARATOR) : []
}

/**
 * The attribute `saves` after one more save. Only a save that expects the loaded version may write this attribute.
 * Otherwise the list would have gaps.
 */
export function savesWith(token: string, loaded: readonly string[]): AttributeValue {
  return { S: [token, ...loaded].slice(0, KEPT).join(SEPARATOR) }
}

/**
 * Whether a save was applied, if its response was lost. The stored list decides:
 *
 * - The list has the token of the save: true, even if other requests have written since.
 * - The list is not full, or still has a token that this save loaded: false. Older tokens leave the list first.
 * - Otherwise undefined: the outcome is unknown.
 */
export function wasApplied(token: string, loaded: readonly string[], stored: readonly string[]): boolean | undefined {
  if (stored.includes(token)) return true
  if (stored.length < KEPT || stored.some((known) => loaded.includes(known))) return false
  return undefined
}
