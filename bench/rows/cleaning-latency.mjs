// Cleaning where DynamoDB is elsewhere and answers each request after a few milliseconds: sessions deleted a second, and
// the CPU time for each.
import { cleanStub } from '../support/cleaning-process.mjs'
import { field, interleaved } from '../support/measure.mjs'

const LATENCY = 5
const SESSIONS = { full: 100_000, quick: 4_000 }
const ROUNDS = 3
const PEER = 'connect-dynamodb'

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick, log }) {
  const count = quick ? SESSIONS.quick : SESSIONS.full
  const measure = (how) => async () => {
    const { deleted, seconds, cpu } = await cleanStub({ count, how, latency: LATENCY })
    log(`${how}: ${Math.round(deleted / seconds)} sessions a second`)
    return { rate: deleted / seconds, cpu: (cpu / deleted) * 1e6 }
  }
  const measures = { ours: measure('clean'), [PEER]: measure('reap') }
  const results = await interleaved(quick ? 1 : ROUNDS, measures, { warmUp: false })
  const note =
    `${count} sessions, half of them expired, at a stub in another process that answers each request after ${LATENCY} ms. ` +
    'A process of its own each time, measured from the call on, so without imports: `collectGarbage` as it comes, `reap` ' +
    'until the last session is deleted. `reap` deletes one session after another of each page of its scan, all pages at the ' +
    'same time: with fewer sessions it would be slower.'
  const group = `Cleaning, ${LATENCY} ms latency`
  return [
    {
      id: 'cleaning-latency-rate',
      group,
      title: 'sessions deleted a second',
      unit: 'sessions/s',
      values: field(results, 'rate'),
      goal: { than: PEER, atLeast: 20 },
      note,
    },
    {
      id: 'cleaning-latency-cpu',
      group,
      title: 'CPU time for a deleted session',
      unit: 'µs',
      values: field(results, 'cpu'),
      goal: { than: PEER, atMost: 0.1 },
      note,
    },
  ]
}
