import type { Configuration } from '../../configuration/resolve.js'
import type { Expression } from '../requests/expression.js'
import type { Item } from './session-record.js'

/**
 * Tells sessions from other items of the table. These items have the form of a session:
 *
 * - forwarders (`successor`);
 * - `data` of type B (compressed);
 * - `data` of type S that begins with `{` or `null` (JSON) or `BA` (Marshal in Base64).
 *
 * Two more kinds of items may be sessions: items without `data`, and items whose `data` begins with white space. No
 * expression can tell. Only {@link recordOf} can, from the item. So `clean`, which does not read the items, never deletes
 * them.
 */
const BEGINNINGS = ['{', 'null', 'BA'] as const

/** White space of JSON (RFC 8259, section 2). */
const SPACES = [' ', '\t', '\n', '\r'] as const

type Keys = Pick<Configuration, 'tableKey' | 'keyPrefix'>

/** For FilterExpression and ConditionExpression: the item has the form of a session. */
export function formOfSession(expression: Expression): string {
  const data = expression.name('data')
  const isBinary = `attribute_type(${data}, ${expression.value({ S: 'B' })})`
  return anyOf(`attribute_exists(${expression.name('successor')})`, isBinary, ...beginnings(expression, BEGINNINGS))
}

/** For FilterExpression: the item has the form of a session, and belongs to this application. */
export function ownSessions(expression: Expression, keys: Keys): string {
  return allOf(formOfSession(expression), ownKeys(expression, keys))
}

/**
 * For FilterExpression, for callers that read each item: also includes items that may be sessions.
 *
 * @param withoutData whether sessions without data are wanted
 * @param forwarders whether forwarders are wanted
 */
export function maybeOwnSessions(
  expression: Expression,
  keys: Keys,
  { withoutData, forwarders }: { readonly withoutData: boolean; readonly forwarders: boolean },
): string {
  const forms = anyOf(
    formOfSession(expression),
    ...beginnings(expression, SPACES),
    withoutData && `attribute_not_exists(${expression.name('data')})`,
  )
  return allOf(forms, !forwarders && expression.noForwarder(), ownKeys(expression, keys))
}

/** Whether an item that was read has the form of a session, see {@link BEGINNINGS}. */
export function hasFormOfSession({ successor, data }: Item): boolean {
  if (successor !== undefined || data?.B !== undefined) return true
  const text = data?.S?.trimStart() ?? ''
  return BEGINNINGS.some((beginning) => text.startsWith(beginning))
}

function ownKeys(expression: Expression, { tableKey, keyPrefix }: Keys): string | undefined {
  return keyPrefix && `begins_with(${expression.name(tableKey)}, ${expression.value({ S: keyPrefix })})`
}

function beginnings(expression: Expression, texts: readonly string[]): string[] {
  return texts.map((text) => `begins_with(${expression.name('data')}, ${expression.value({ S: text })})`)
}

function anyOf(...conditions: readonly (string | false | undefined)[]): string {
  return `(${conditions.filter(Boolean).join(' OR ')})`
}

function allOf(...conditions: readonly (string | false | undefined)[]): string {
  return conditions.filter(Boolean).join(' AND ')
}
