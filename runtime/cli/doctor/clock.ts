import { isTimeout } from '../../dynamodb/error-facts.js'
import { offsetText } from '../../dynamodb/server-clock.js'
import type { Connected } from '../timeout.js'
import type { Finding } from './finding.js'
import { missingKey } from './reads.js'

const check = 'clock'

/** Two answers show that the clock is wrong; one may be slow. */
const QUESTIONS = 3

/** Stored times this far ahead are replaced, because a wrong clock wrote them (session/timestamp.ts). Milliseconds. */
const NOTABLE = 60_000

/** How far this machine's clock is from DynamoDB's, by the dates of answers. Errors have a date too. */
export async function clockFinding({ configuration, connection, transport }: Connected): Promise<Finding> {
  const { tableName: TableName } = configuration
  const { clock } = connection
  let late = false
  for (
    let question = 0;
    question < QUESTIONS && clock.status === 'unknown' && !clock.isSilent && !late;
    question += 1
  ) {
    await transport.send('GetItem', { TableName, Key: missingKey(configuration) }).catch((error) => {
      late = isTimeout(error)
    })
  }
  const { status, offset, isSilent } = clock
  if (isSilent) return { level: 'skipped', check, text: 'the answers have no Date' }
  if (status === 'unknown' || offset === undefined) return { level: 'skipped', check, text: 'no answer came in time' }
  const text = `this machine's clock is ${offsetText(offset)} DynamoDB's`
  if (status === 'wrong') {
    const remedy =
      'set the clock, for example by NTP; sessions expire too early or too late, and cleaning is refused without --trust-clock'
    return { level: 'error', check, text, remedy }
  }
  if (Math.abs(offset) < NOTABLE) return { level: 'ok', check, text }
  return { level: 'warning', check, text, remedy: 'set the clock, for example by NTP' }
}
