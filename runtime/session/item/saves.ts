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
 * The attribute `saves` after one more save. Only a save that expects the loaded version may write it, so that the list
 * has no gaps.
 */
export function savesWith(token: string, loaded: readonly string[]): AttributeValue {
  return { S: [token, ...loaded].slice(0, KEPT).join(SEPARATOR) }
}

/**
 * Whether a save was applied, if its answer was lost. The list that is stored now tells:
 *
 * - It has the token of the save: yes, even if other requests wrote since.
 * - It is not full, or still has a token that this save loaded: no. Older tokens leave the list first.
 * - Otherwise it is unknown: undefined.
 */
export function wasApplied(token: string, loaded: readonly string[], stored: readonly string[]): boolean | undefined {
  if (stored.includes(token)) return true
  if (stored.length < KEPT || stored.some((known) => loaded.includes(known))) return false
  return undefined
}
