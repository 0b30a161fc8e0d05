import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** How many tokens an item keeps: 83 bytes at most. */
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
 * The attribute `saves` after one more save. Only a save that expects the loaded version may write it: then the list
 * has no gaps.
 */
export function savesWith(token: string, loaded: readonly string[]): AttributeValue {
  return { S: [token, ...loaded].slice(0, KEPT).join(SEPARATOR) }
}

/**
 * Whether a save was applied whose answer was lost, judged by the list that is stored now.
 *
 * - Its token is in the list: yes, whatever other requests wrote since.
 * - The list is not full, or still holds a token that this save loaded: no. Older tokens leave the list first.
 * - Otherwise nobody knows: undefined.
 */
export function wasApplied(token: string, loaded: readonly string[], stored: readonly string[]): boolean | undefined {
  if (stored.includes(token)) return true
  if (stored.length < KEPT || stored.some((known) => loaded.includes(known))) return false
  return undefined
}
