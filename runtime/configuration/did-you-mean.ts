import { closest, distance } from '#fastest-levenshtein'

/** `; did you mean "table_name"?`, or nothing when no candidate is similar. */
export function didYouMean(text: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return ''
  const candidate = closest(text, candidates)
  const near = distance(text.toLowerCase(), candidate.toLowerCase()) <= Math.max(2, candidate.length / 3)
  return near ? `; did you mean "${candidate}"?` : ''
}
