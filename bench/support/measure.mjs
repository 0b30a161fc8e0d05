/**
 * @typedef {object} Row one line of the report, and of `bench/results.json`
 * @property {string} id short and stable: `get-32`
 * @property {string} group heading that it stands under
 * @property {string} title what is measured, in a few words
 * @property {string} unit of the values
 * @property {Record<string, number[]>} values of each round, by who was measured: `ours`, the peer, the raw floor
 * @property {Goal} [goal]
 * @property {string} [note] what a reader has to know to judge it
 *
 * @typedef {object} Goal compares `ours` with another value of the same round, or with a fixed limit
 * @property {string} [than] whose value: `connect-dynamodb`; not given: `atMost` and `atLeast` are limits of ours itself, in
 * the row's unit
 * @property {number} [atMost] ours divided by the other
 * @property {number} [atLeast] ours divided by the other
 * @property {number} [atMostMore] ours minus the other, in the row's unit
 */

/**
 * Measures each in turn, round by round, so that what else the machine does meets all of them. The first round warms up
 * and does not count.
 *
 * @template T
 * @param {number} rounds
 * @param {Record<string, () => Promise<T>>} measures
 * @param {{ warmUp?: boolean }} [options] false where each measure begins with a process of its own
 * @returns {Promise<Record<string, T[]>>} what each gave, a value a round
 */
export async function interleaved(rounds, measures, { warmUp = true } = {}) {
  const results = Object.fromEntries(Object.keys(measures).map((name) => [name, []]))
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    const names = Object.keys(measures)
    const turned = round % 2 === 0 ? names : names.toReversed()
    for (const name of turned) {
      const result = await measures[name]()
      if (round >= 0) results[name].push(result)
    }
  }
  return results
}

/** The same rows, with one field of each result as the value. */
export function field(results, name) {
  return Object.fromEntries(Object.entries(results).map(([who, values]) => [who, values.map((value) => value[name])]))
}

export function median(values) {
  return values.toSorted((one, other) => one - other)[values.length >> 1]
}
