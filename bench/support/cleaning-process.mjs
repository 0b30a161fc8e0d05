import { fork } from 'node:child_process'
import { join } from 'node:path'

/**
 * Cleans a table of a stub, half of whose sessions are over. Stub and cleaner are processes of their own.
 *
 * @param {{ count: number, how?: 'clean' | 'reap', latency?: number }} plan sessions in the table; who cleans; after how
 * many milliseconds the stub answers
 * @returns {Promise<{ deleted: number, megabytes: number, seconds: number, cpu: number }>} see `cleaner.mjs`
 */
export async function cleanStub({ count, how = 'clean', latency = 0 }) {
  const stub = start('paging-stub.mjs', [count, latency])
  try {
    const port = await messageOf(stub)
    const result = await messageOf(start('cleaner.mjs', [`http://127.0.0.1:${port}`, how, count / 2]))
    if (result.deleted !== count / 2) throw new Error(`${result.deleted} sessions were deleted, not ${count / 2}`)
    return result
  } finally {
    if (stub.connected) stub.disconnect()
  }
}

function start(file, args) {
  return fork(join(import.meta.dirname, file), args.map(String), { stdio: ['ignore', 1, 2, 'ipc'] })
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with exit code ${code}`)))
  })
}
