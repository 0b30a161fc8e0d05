// The peak of the memory of a process that cleans a large table, beside one that cleans a small table.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { interleaved } from '../support/measure.mjs'

const SUPPORT = join(import.meta.dirname, '../support')
const ROUNDS = 3

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick, log }) {
  const small = quick ? 2_000 : 10_000
  const large = quick ? 20_000 : 1_000_000
  const peak = (count) => async () => {
    const megabytes = await peakOf(count)
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

async function peakOf(count) {
  const stub = fork(join(SUPPORT, 'paging-stub.mjs'), [String(count)])
  try {
    const port = await messageOf(stub)
    const cleaner = fork(join(SUPPORT, 'cleaner.mjs'), [`http://127.0.0.1:${port}`], { stdio: ['ignore', 1, 2, 'ipc'] })
    const { deleted, megabytes } = await messageOf(cleaner)
    if (deleted !== count / 2) throw new Error(`${deleted} sessions were deleted, not ${count / 2}`)
    return megabytes
  } finally {
    if (stub.connected) stub.disconnect()
  }
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.at(-1)} ended with exit code ${code}`)))
  })
}
