import { writeFile } from 'node:fs/promises'
import { check } from './check.js'
import { report } from './report.js'
import { run } from './run.js'
import { HELP, settingsFrom } from './settings.js'

/** `npm run check:history`. Ends with exit code 1 when a promise was broken, 2 when it could not be found out. */
async function main(): Promise<number> {
  const settings = settingsFrom(process.argv.slice(2))
  if (settings === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const began = performance.now()
  const progress = (operations: number) => {
    const seconds = (performance.now() - began) / 1000
    process.stderr.write(`${seconds.toFixed(0)} s: ${operations} operations\n`)
  }
  process.stderr.write(`seed ${settings.seed}\n`)
  const finished = await run(settings, settings.quiet ? undefined : progress)
  const verdict = check(finished.history)
  if (settings.log) {
    const { operations, ...rest } = finished.history
    await writeFile(settings.log, [rest, ...operations].map((one) => `${JSON.stringify(one)}\n`).join(''))
  }
  process.stdout.write(report(finished, verdict, settings))
  return verdict.violations.length > 0 ? 1 : 0
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    process.exit(2)
  },
)
