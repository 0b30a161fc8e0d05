import { SessionDataError } from '../../errors.js'
import { textOf } from '../../fit-for-output.js'
import { DEEPEST, isDeeperThan } from './depth.js'
import { keepTexts } from './keep-number-texts.js'

export type SessionData = Record<string, unknown>

/**
 * The JSON text of session data. As always in JSON, dates become ISO text and functions are dropped. Lone surrogates
 * become U+FFFD, because other JSON parsers refuse them.
 *
 * @throws {SessionDataError} for values that JSON can't hold (BigInt, cycles), with the path; for more than 1 000 levels
 */
export function serialize(data: SessionData): string {
  const json = withoutLoneSurrogates(stringify(data))
  if (isDeeperThan(DEEPEST, json)) throw tooDeep(DEEPEST)
  return json
}

/** The error for session data with more levels than a read accepts. */
export function tooDeep(levels: number): SessionDataError {
  return new SessionDataError(
    `The session data has more than ${levels} levels of nested objects and lists; nothing was written. Keep ` +
      `flatter data in the session${levels < DEEPEST ? ' (the Ruby gem reads no more; session_id_digest: md5)' : ''}.`,
  )
}

function stringify(data: SessionData): string {
  let json: string | undefined
  try {
    json = JSON.stringify(data)
  } catch (cause) {
    if (cause instanceof RangeError) throw tooDeep(DEEPEST)
    const path = pathOfUnserializable(data)
    const where = path ? ` at ${path}` : ''
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : textOf(cause)
    throw new SessionDataError(`The session can't be written as JSON${where}: ${reason}. Nothing was written.`, {
      cause,
    })
  }
  if (json?.startsWith('{')) return json
  throw new SessionDataError('The toJSON() of the session data returns no object. Nothing was written. Remove toJSON.')
}

/**
 * Like {@link serialize}, but unchanged top-level values keep their text in `base`. If nothing changed, the result is
 * `base` itself, whichever way its writer wrote the JSON.
 *
 * @param base JSON of the data that the application got
 */
export function serializeChanges(data: SessionData, base: string): string {
  const json = serialize(data)
  if (json === base) return base
  const normal = JSON.stringify(JSON.parse(base))
  return json === normal ? base : keepTexts(json, base, normal)
}

/** JSON.stringify escapes a surrogate only when it is alone ("Well-formed JSON.stringify", ECMAScript 2019). */
function withoutLoneSurrogates(json: string): string {
  if (!/\\ud[89a-f]/.test(json)) return json
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (text, surrogate) => (surrogate ? '\uFFFD' : text))
}

/** @returns undefined if the application's own getters fail too */
function pathOfUnserializable(data: SessionData): string | undefined {
  try {
    return findUnserializable(data, [], new Set())
  } catch {
    return undefined
  }
}

/** The path of the first value that JSON can't hold, such as `cart.items[2].price`. */
function findUnserializable(value: unknown, path: readonly string[], above: ReadonlySet<unknown>): string | undefined {
  const plain = typeof value === 'object' && value !== null && 'toJSON' in value ? undefined : value
  if (typeof plain === 'bigint') return path.join('')
  if (typeof plain !== 'object' || plain === null || above.size > DEEPEST) return undefined
  if (above.has(plain)) return path.join('')
  const within = new Set([...above, plain])
  for (const [key, inner] of Object.entries(plain)) {
    const step = Array.isArray(plain) ? `[${key}]` : path.length > 0 ? `.${key}` : key
    const found = findUnserializable(inner, [...path, step], within)
    if (found !== undefined) return found
  }
  return undefined
}
