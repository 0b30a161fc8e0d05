import type { Configuration } from '../../configuration/resolve.js'

/** The most levels of objects and lists in session data. The data itself is the first level. */
export const DEEPEST = 1000

/** Ruby's JSON reads no more levels. With more, the gem fails in every request of the session. */
const DEEPEST_FOR_RUBY = 100

/** The most levels that are read and written: fewer where the Ruby gem shares the table (`session_id_digest: md5`). */
export function deepestFor({ sessionIdDigest }: Pick<Configuration, 'sessionIdDigest'>): number {
  return sessionIdDigest === 'md5' ? DEEPEST_FOR_RUBY : DEEPEST
}

/**
 * Whether a JSON text has more than these levels. JSON.stringify, structuredClone and frameworks recurse for each level, and fail with
 * "Maximum call stack size exceeded". This function does not recurse. It only counts brackets first, so that usual
 * sessions cost next to nothing.
 *
 * @param json valid JSON; for any other text the result has no meaning
 */
export function isDeeperThan(levels: number, json: string): boolean {
  return json.length > 2 * levels && hasMoreOpenings(levels, json) && depthReaches(levels + 1, json)
}

/** Counts all opening brackets, also those inside strings. */
function hasMoreOpenings(limit: number, json: string): boolean {
  let count = 0
  for (const bracket of ['{', '[']) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
      count += 1
      if (count > limit) return true
    }
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const [OPENING_LIST, OPENING_OBJECT] = [0x5b, 0x7b]
const [CLOSING_LIST, CLOSING_OBJECT] = [0x5d, 0x7d]

function depthReaches(level: number, json: string): boolean {
  let depth = 0
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfText(json, at)
    } else if (code === OPENING_LIST || code === OPENING_OBJECT) {
      depth += 1
      if (depth >= level) return true
    } else if (code === CLOSING_LIST || code === CLOSING_OBJECT) {
      depth -= 1
    }
  }
  return false
}

/** @returns where the string that begins at `start` ends */
function endOfText(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (end > 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end < 0 ? json.length : end
}

function isEscaped(json: string, at: number): boolean {
  let first = at
  while (json.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (at - first) % 2 === 1
}
