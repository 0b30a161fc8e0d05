// The peak of the memory of a process that cleans a large table, beside one that cleans a small table.
import { cleanStub } from '../support/cleaning-process.mjs'
import { interleaved } from '../support/measure.mjs'

const ROUNDS = 3

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick, log }) {
  const small = quick ? 2_000 : 10_000
  const large = quick ? 20_000 : 1_000_000
  const peak = (count) => async () => {
    const { megabytes } = await cleanStub({ count })
    log(`${count} items: ${megabytes.toFixed(1)} MB`)
    return megabytes
  }
  const smallRun = `${small} items`
  const runs = { ours: peak(large), [smallRun]: peak(small) }
  const values = await interleaved(quick ? 1 : ROUNDS, runs, { warmUp: false })
  return [
    {
      id: 'cleaning-memory',
      group: 'Cleaning',
      title: `peak memory (RSS) of clean, ${large} items in the table`,
      unit: 'MB',
      values,
      goal: { than: smallRun, atMostMore: 40 },
      note: 'A process of its own each time, Node with its default flags; half of the sessions are over; the endpoint is a stub in another process.',
    },
  ]
}
