import { isTimeout } from '../../dynamodb/error-facts.js'
import { offsetText } from '../../dynamodb/server-clock.js'
import type { Connected } from '../timeout.js'
import type { Finding } from './finding.js'
import { missingKey } from './reads.js'

const check = 'clock'

/** Limit of the requests. Two responses prove that the clock is wrong. A single response may have been slow. */
const QUESTIONS = 3

/** Stored times this far ahead are replaced, because a wrong clock wrote them (session/item/timestamp.ts). Milliseconds. */
const NOTABLE = 60_000

/** The offset of this machine's clock from DynamoDB's, by the `Date` of responses, even of errors. */
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
  if (isSilent) return { level: 'skipped', check, text: 'the responses have no Date header' }
  if (status === 'unknown' || offset === undefined) return { level: 'skipped', check, text: 'no response came in time' }
  const text = `this machine's clock is ${offsetText(offset)} DynamoDB's`
  if (status === 'wrong') {
    const remedy =
      'set the clock, for example by NTP; sessions expire too early or too late, and cleaning is refused without --trust-clock'
    return { level: 'error', check, text, remedy }
  }
  if (Math.abs(offset) < NOTABLE) return { level: 'ok', check, text }
  return { level: 'warning', check, text, remedy: 'set the clock, for example by NTP' }
}
