import { fork } from 'node:child_process'

/** The AWS SDK announces that it will end with Node 20 one day: of no interest here. */
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }

if (process.argv[1] === import.meta.filename) await runHere()

/**
 * Runs bench/rows/<name>.mjs in a process of its own, so that rows don't disturb one another. What that process and
 * those that it starts print (SDKs warn of busy sockets, for example) is shown when it fails.
 *
 * @param {string} name
 * @param {{ quick: boolean, log: (text: string) => void }} options
 * @returns {Promise<import('./measure.mjs').Row[]>}
 */
export function rowsInProcess(name, { quick, log }) {
  const child = fork(import.meta.filename, [name, quick ? 'quick' : 'full'], {
    silent: true,
    execArgv: [],
    env: { ...process.env, ...QUIET },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-4000)
    })
  }
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(said ? `${why}\nIt said:\n${said}` : why))
    child.on('message', ({ rows, progress, error }) => {
      if (progress) log(progress)
      if (rows) resolve(rows)
      if (error) fail(error)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => fail(`ended (${signal ?? `exit code ${code}`}) without rows`))
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
