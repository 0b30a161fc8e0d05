/** A value as people read it: rates and large numbers whole, small ones with three digits that count. */
export function figure(value, unit) {
  const size = Math.abs(value)
  if (Number.isInteger(value) || size >= 100 || unit.endsWith('/s')) return grouped(Math.round(value))
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

/** How ours compares with the other: `0.25×`, `0.001×`, `+12.0 µs`. */
export function comparison(value, by, unit) {
  if (by === 'ratio') return `${value.toFixed(value >= 100 ? 0 : value < 0.1 ? 3 : 2)}×`
  return `${value < 0 ? '−' : '+'}${figure(Math.abs(value), unit)} ${unit}`
}

/** `≤ 0.25×`, or `≤ 56 MB` where the limit is not one of a comparison */
export function limitText({ than, atMost, atLeast, atMostMore }, unit) {
  const limit = (value) => (than === undefined ? `${figure(value, unit)} ${unit}` : `${value}×`)
  const limits = [
    atLeast !== undefined && `≥ ${limit(atLeast)}`,
    atMost !== undefined && `≤ ${limit(atMost)}`,
    atMostMore !== undefined && `≤ +${atMostMore} ${unit}`,
  ]
  return limits.filter(Boolean).join(', ')
}

/** `≤ 0.25× of connect-dynamodb`, `≤ 56 MB` */
export function goalText(goal, unit) {
  if (goal.than === undefined) return limitText(goal, unit)
  return `${limitText(goal, unit)} ${goal.atMostMore === undefined ? 'of' : 'over'} ${goal.than}`
}

/** Digits in groups of three, as in `12 000`. */
function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}
