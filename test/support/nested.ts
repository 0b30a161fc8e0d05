/** Data with so many levels of objects inside each other, and a value in the innermost. */
export function nested(levels: number, value?: unknown): Record<string, unknown> {
  let data: Record<string, unknown> = value === undefined ? {} : { value }
  for (let level = 1; level < levels; level += 1) data = { in: data }
  return data
}
