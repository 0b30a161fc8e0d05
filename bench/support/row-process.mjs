import { fork } from 'node:child_process'

/** The AWS SDK says of Node 20 that it will not go on with it: true, and in the way of the report. */
const FLAGS = ['--disable-warning=NodeVersionSupportWarning']

if (process.argv[1] === import.meta.filename) await runHere()

/**
 * Runs bench/rows/<name>.mjs in a process of its own, so that rows don't disturb one another.
 *
 * @param {string} name
 * @param {{ quick: boolean, log: (text: string) => void }} options
 * @returns {Promise<import('./measure.mjs').Row[]>}
 */
export function rowsInProcess(name, { quick, log }) {
  const child = fork(import.meta.filename, [name, quick ? 'quick' : 'full'], { execArgv: FLAGS })
  return new Promise((resolve, reject) => {
    child.on('message', ({ rows, progress, error }) => {
      if (progress) log(progress)
      if (rows) resolve(rows)
      if (error) reject(new Error(error))
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`ended (${signal ?? `exit code ${code}`}) without rows`)))
  })
}

async function runHere() {
  const [, , name, kind] = process.argv
  // Also when the run was interrupted: what rows start in processes of their own ends with this one.
  process.once('disconnect', () => process.exit())
  try {
    const { rows } = await import(new URL(`../rows/${name}.mjs`, import.meta.url).href)
    const log = (progress) => process.send({ progress })
    process.send({ rows: await rows({ quick: kind === 'quick', log }) }, () => process.exit())
  } catch (error) {
    process.send({ error: error.stack ?? String(error) }, () => process.exit(1))
  }
}
