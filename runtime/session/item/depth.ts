import type { Configuration } from '../../configuration/resolve.js'

/** How deep session data may be nested, in levels of objects and lists; the data itself is the first level. */
export const DEEPEST = 1000

/** The Ruby gem's JSON reads no more levels, and fails with every further request. */
const DEEPEST_FOR_RUBY = 100

/** How many levels are read and written: fewer where the Ruby gem shares the table (`session_id_digest: md5`). */
export function deepestFor({ sessionIdDigest }: Pick<Configuration, 'sessionIdDigest'>): number {
  return sessionIdDigest === 'md5' ? DEEPEST_FOR_RUBY : DEEPEST
}

/**
 * Whether a JSON text is nested deeper than so many levels. JSON.stringify, structuredClone and frameworks call
 * themselves for each level, and end with "Maximum call stack size exceeded". This function does not,
 * and costs next to nothing for usual sessions: a text without that many brackets is not looked at in detail.
 *
 * @param json JSON; the answer for any other text has no meaning
 */
export function isDeeperThan(levels: number, json: string): boolean {
  return json.length > 2 * levels && hasMoreOpenings(levels, json) && depthReaches(levels + 1, json)
}

/** Counts all opening brackets, also brackets inside of texts. */
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

/** @returns where the text that begins at `start` ends */
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
