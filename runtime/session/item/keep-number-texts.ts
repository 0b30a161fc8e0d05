/**
 * Data as JSON, in which every unchanged top-level value keeps its stored text. JSON of other writers may hold numbers
 * that JavaScript can't: integers beyond 2^53, or a `1.0` that is no `1`. A change of one key must not alter the other keys.
 *
 * @param json JSON.stringify of an object
 * @param stored JSON of an object, by any writer
 * @param normal the same object, as JSON.stringify writes it
 */
export function keepTexts(json: string, stored: string, normal = JSON.stringify(JSON.parse(stored))): string {
  if (stored === normal) return json
  const texts = valueTexts(stored)
  return objectOf(
    [...valueTexts(json)].map(([key, text]) => {
      const kept = texts.get(key)
      return [key, kept !== undefined && JSON.stringify(JSON.parse(kept)) === text ? kept : text]
    }),
  )
}

/** The object of a JSON text with only some of its keys, whose values keep their text. */
export function pick(json: string, keys: readonly string[]): string {
  return objectOf([...valueTexts(json)].filter(([key]) => keys.includes(key)))
}

function objectOf(texts: readonly (readonly [key: string, value: string])[]): string {
  return `{${texts.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`
}

const STRING_OR_MARK = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g

/** The texts of an object's values, by key. */
function valueTexts(json: string): Map<string, string> {
  const texts = new Map<string, string>()
  let depth = 0
  let key: string | undefined
  let start = 0
  for (const { 0: token, index } of json.matchAll(STRING_OR_MARK)) {
    if (token === '{' || token === '[') depth += 1
    if (token === '}' || token === ']') depth -= 1
    if (depth === 1 && key === undefined && token.startsWith('"')) key = JSON.parse(token) as string
    if (depth === 1 && token === ':') start = index + 1
    if (key !== undefined && (depth === 0 || (depth === 1 && token === ','))) {
      texts.set(key, json.slice(start, index).trim())
      key = undefined
    }
  }
  return texts
}
