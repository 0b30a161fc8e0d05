import type { Configuration } from '../../configuration/resolve.js'
import { DENIED, isAwsError } from '../../dynamodb/error-facts.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import { ownSessions } from '../../session/item/is-session.js'
import { idOf } from '../../session/item/session-key.js'
import { Expression } from '../../session/requests/expression.js'
import type { Connected } from '../timeout.js'
import type { Finding } from './finding.js'

const check = 'ids'

/** How many items are read. This sample shows the form that most sessions have. */
const SAMPLE = 100

/** Whether a sample of the sessions is stored in the form of `hash_session_ids`. Requests find no other sessions. */
export async function idsFinding({ configuration, transport }: Connected): Promise<Finding> {
  const { tableName: TableName, tableKey } = configuration
  const expression = new Expression(tableKey)
  const filter = `${ownSessions(expression, configuration)} AND ${expression.noForwarder()}`
  const request = {
    TableName,
    Limit: SAMPLE,
    ProjectionExpression: expression.name(tableKey),
    FilterExpression: filter,
    ExpressionAttributeNames: expression.names,
    ExpressionAttributeValues: expression.values,
  }
  try {
    const { Items = [] } = await transport.send('Scan', request)
    const others = Items.filter(({ [tableKey]: key }) => idOf(key?.S ?? '', configuration) === undefined)
    return findingOf(Items.length, others.length, configuration)
  } catch (error) {
    const action = 'dynamodb:Scan'
    if (isAwsError(error, ...DENIED)) {
      return { level: 'skipped', check, text: `these credentials may not look at a sample of the sessions (${action})` }
    }
    return { level: 'error', check, text: explainAwsError(error, { action, configuration }).message }
  }
}

function findingOf(sampled: number, others: number, { hashSessionIds, sources }: Configuration): Finding {
  const setting = `hash_session_ids: ${hashSessionIds} (${sources.hashSessionIds})`
  if (others === 0)
    return { level: 'ok', check, text: `${hashSessionIds ? 'hashed' : 'not hashed'}, as ${setting} says` }
  const form = hashSessionIds ? 'not hashed' : 'hashed'
  const text = `${others} of ${sampled} sessions in a sample have ids that are ${form}; no request finds them with ${setting}`
  const remedy =
    `none if the option was changed on purpose: these users sign in again; if another application shares the table, set ` +
    `hash_session_ids: ${!hashSessionIds} here`
  return { level: 'warning', check, text, remedy }
}
