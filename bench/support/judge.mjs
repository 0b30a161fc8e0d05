import { median } from './measure.mjs'

/**
 * A row with what it shows: how ours compares with another in the same round, and whether that is the goal.
 *
 * @param {import('./measure.mjs').Row} row
 * @returns {import('./measure.mjs').Row & { compared?: Compared, met?: boolean }}
 *
 * @typedef {object} Compared
 * @property {string} than with whom
 * @property {'ratio' | 'difference'} by ours divided by the other, or ours minus the other
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */
export function judged(row) {
  const { values, goal } = row
  check(row)
  const compared = comparedIn(row)
  const shown = compared ? { ...row, compared } : row
  if (!goal) return shown
  const value = isFixed(goal) ? summary(values.ours).median : compared.median
  return { ...shown, met: isMet(value, goal) }
}

function comparedIn({ values, goal }) {
  const than = goal?.than ?? Object.keys(values).find((who) => who !== 'ours')
  if (than === undefined || values.ours === undefined) return undefined
  // What was added or kept may be less than nothing: that is no part of anything.
  const isRatio = goal?.than
    ? goal.atMostMore === undefined
    : [...values.ours, ...values[than]].every((value) => value > 0)
  const by = isRatio ? 'ratio' : 'difference'
  const perRound = values.ours.map((ours, round) => {
    const other = values[than][round]
    return by === 'ratio' ? ours / other : ours - other
  })
  return { than, by, ...summary(perRound) }
}

/** Whether a goal limits the value of ours itself. */
export function isFixed({ than }) {
  return than === undefined
}

export function summary(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

function isMet(value, { atMost, atLeast, atMostMore }) {
  if (atLeast !== undefined && value < atLeast) return false
  const limit = atMost ?? atMostMore
  return limit === undefined || value <= limit
}

/** What a file of rows gave wrongly would otherwise look like a result. */
function check({ id, values, goal }) {
  const all = Object.entries(values)
  const wrong = all.find(([, figures]) => figures.length === 0 || !figures.every(Number.isFinite))
  if (wrong) throw new Error(`row ${id}: the values of ${wrong[0]} are not all numbers: ${wrong[1].join(', ')}`)
  if (goal && !values.ours) throw new Error(`row ${id}: nothing was measured for ours, and there is a goal`)
  if (goal?.than && !values[goal.than])
    throw new Error(`row ${id}: nothing was measured for ${goal.than}, its goal's other`)
  if (new Set(all.map(([, figures]) => figures.length)).size > 1) throw new Error(`row ${id}: rounds differ in number`)
}
