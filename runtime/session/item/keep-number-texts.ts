/**
 * Data as JSON, in which every top-level value that is the same as in `stored` keeps its text. Other writers' JSON holds
 * what JavaScript can't: integers beyond 2^53, or a `1.0` that is no `1`; a change of one key must not alter another.
 *
 * @param json JSON.stringify of an object
 * @param stored JSON of an object, by any writer
 */
export function keepTexts(json: string, stored: string): string {
  if (stored === JSON.stringify(JSON.parse(stored))) return json
  const texts = valueTexts(stored)
  const members = [...valueTexts(json)].map(([key, text]) => {
    const kept = texts.get(key)
    return `${JSON.stringify(key)}:${kept !== undefined && JSON.stringify(JSON.parse(kept)) === text ? kept : text}`
  })
  return `{${members.join(',')}}`
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
