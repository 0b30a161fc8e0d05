// What a store does while its endpoint has a fault, and after: how long an operation takes at most, how many are in flight,
// what stays in memory, and when all is as before.
import { fork } from 'node:child_process'
import { join } from 'node:path'

const LOAD = join(import.meta.dirname, '../support/faults-load.mjs')
const FAULTS = {
  hang: 'the endpoint does not answer',
  latency: 'the endpoint answers after 1 s',
  drip: 'the endpoint sends bodies a byte each half second',
  reset: 'the endpoint resets every second connection',
}
/** Seconds of each phase; `drain`: how long is waited for what is not answered at the end. */
const PLAN = { warmUp: 5, well: 10, fault: 30, recovery: 20, drain: 100 }
const QUICK = { warmUp: 0.5, well: 0.5, fault: 1.5, recovery: 1.5, drain: 7 }

/** The option request_timeout is 5 s. */
const MOST = { longest: 6, inFlight: 3500, heap: 20, normal: 3 }

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick, log }) {
  const plan = quick ? QUICK : PLAN
  const found = []
  for (const [fault, title] of Object.entries(FAULTS)) {
    log(title)
    found.push(...rowsOf(fault, title, plan, await measure(fault, plan)))
  }
  return found
}

function measure(fault, plan) {
  const child = fork(LOAD, [fault, JSON.stringify(plan)], { execArgv: ['--expose-gc'] })
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${fault}: the load ended with exit code ${code}`)))
  })
}

function rowsOf(fault, title, { well, fault: seconds, recovery }, seen) {
  const note =
    `300 operations a second of one store (get, touch and set in turn, each of another session) for ${well + seconds + recovery} s: ` +
    `the endpoint, in a process of its own, is well for ${well} s, has the fault for ${seconds} s, and is well again. An operation ` +
    'is normal when it is answered without an error within 500 ms.'
  const row = (what, text, unit) => ({
    id: `faults-${fault}-${what}`,
    group: `Faults: ${title}`,
    title: text,
    unit,
    values: { ours: [seen[what]] },
    ...(MOST[what] && { goal: { atMost: MOST[what] } }),
    note,
  })
  return [
    row('longest', 'longest time until an operation is answered', 's'),
    row('inFlight', 'most operations in flight', 'at once'),
    row('heap', 'more heap in use after it than before, both after garbage collection', 'MB'),
    row('normal', 'after the fault, until operations that begin are normal', 's'),
    row('failed', 'of the operations during the fault end in an error', '%'),
  ]
}
