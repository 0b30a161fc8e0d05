/** The time in ISO 8601, to the second. Null without a time, and for an invalid one. */
export function isoOf(time: Date | number | undefined): string | null {
  const date = new Date(time ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(/\.\d+Z$/, 'Z')
}
