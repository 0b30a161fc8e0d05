import { wallClock } from '../../async/clock.js'
import type { Configuration } from '../../configuration/resolve.js'
import { DENIED, isAwsError } from '../../dynamodb/error-facts.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import type { AttributeName } from '../../session/item/attributes.js'
import { hasExpired } from '../../session/item/expiry.js'
import { ownSessions } from '../../session/item/is-session.js'
import { idOf } from '../../session/item/session-key.js'
import { type Item, timesOf } from '../../session/item/session-record.js'
import { Expression } from '../../session/requests/expression.js'
import type { Connected } from '../timeout.js'
import { encryptionFinding } from './encryption.js'
import type { Finding } from './finding.js'

/** How many items are looked at. They are enough to show a form that most sessions have. */
const SAMPLE = 100

const LOOKED_AT: readonly AttributeName[] = ['data', 'created_at', 'updated_at', 'expire_at']

/**
 * What a sample of the sessions shows: whether their ids are stored in the form of `hash_session_ids`, and whether the
 * configured keys can decrypt their data.
 */
export async function sampleFindings({ configuration, transport }: Connected): Promise<Finding[]> {
  const { tableName: TableName, tableKey } = configuration
  const expression = new Expression(tableKey)
  const filter = `${ownSessions(expression, configuration)} AND ${expression.noForwarder()}`
  const request = {
    TableName,
    Limit: SAMPLE,
    ProjectionExpression: [tableKey, ...LOOKED_AT].map((name) => expression.name(name)).join(', '),
    FilterExpression: filter,
    ExpressionAttributeNames: expression.names,
    ExpressionAttributeValues: expression.values,
  }
  const checks = ['ids', 'encryption'] as const
  try {
    const { Items = [] } = await transport.send('Scan', request)
    // Time to Live deletes expired sessions late. No request reads them, so their keys may be removed.
    const live = Items.filter((item) => !hasExpired(timesOf(item), configuration, wallClock()))
    return [idsFinding(Items, configuration), await encryptionFinding(live, configuration)]
  } catch (error) {
    const action = 'dynamodb:Scan'
    if (isAwsError(error, ...DENIED)) {
      const text = `these credentials may not look at a sample of the sessions (${action})`
      return checks.map((check) => ({ level: 'skipped', check, text }))
    }
    const { message: text } = explainAwsError(error, { action, configuration })
    return [
      { level: 'error', check: 'ids', text },
      { level: 'skipped', check: 'encryption', text: 'sessions could not be read' },
    ]
  }
}

/** Requests find no sessions whose ids have the other form. */
function idsFinding(items: readonly Item[], configuration: Configuration): Finding {
  const check = 'ids'
  const { hashSessionIds, sources, tableKey } = configuration
  const others = items.filter(({ [tableKey]: key }) => idOf(key?.S ?? '', configuration) === undefined).length
  const setting = `hash_session_ids: ${hashSessionIds} (${sources.hashSessionIds})`
  if (others === 0)
    return { level: 'ok', check, text: `${hashSessionIds ? 'hashed' : 'not hashed'}, as ${setting} says` }
  const form = hashSessionIds ? 'not hashed' : 'hashed'
  const text = `${others} of ${items.length} sessions in a sample have ids that are ${form}; no request finds them with ${setting}`
  const remedy =
    `none if the option was changed on purpose: these users sign in again; if another application shares the table, set ` +
    `hash_session_ids: ${!hashSessionIds} here`
  return { level: 'warning', check, text, remedy }
}
