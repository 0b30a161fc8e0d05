import { randomUUID } from 'node:crypto'
import type { Configuration } from '../../configuration/resolve.js'
import { DENIED, hitsAnyRequest, isAwsError, isTimeout } from '../../dynamodb/error-facts.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import { keyOf } from '../../session/item/session-key.js'
import type { Connected } from '../timeout.js'
import type { Finding } from './finding.js'

const check = 'reads'

/** Reads sessions that can't exist, to find out how sessions are read: with or without the SDK, batched or not. */
export async function readFinding({ configuration, connection, transport }: Connected): Promise<Finding> {
  const { tableName: TableName, batchReads, sources } = configuration
  const refused = await refusal(configuration, 'GetItem', () =>
    transport.send('GetItem', { TableName, Key: missingKey(configuration) }),
  )
  if (refused) return refused
  if (connection.whySdk !== undefined) return sentBySdk(configuration, connection.whySdk)
  if (!batchReads) return { level: 'ok', check, text: `one by one, as batch_reads says (${sources.batchReads})` }
  const RequestItems = { [TableName]: { Keys: [missingKey(configuration), missingKey(configuration)] } }
  const alone = await refusal(configuration, 'BatchGetItem', () => transport.send('BatchGetItem', { RequestItems }))
  return alone ?? { level: 'ok', check, text: 'several at a time with one BatchGetItem, by transport lean' }
}

/** The key of a session that can't exist. */
export function missingKey(configuration: Configuration): Record<string, { S: string }> {
  return { [configuration.tableKey]: { S: keyOf(`doctor-${randomUUID()}`, configuration) } }
}

function sentBySdk({ transport, sources }: Configuration, why: string): Finding {
  const how = 'one by one by the AWS SDK'
  if (transport === 'sdk') return { level: 'ok', check, text: `${how}, as transport says (${sources.transport})` }
  const text = `${how}, which takes several times the CPU time of transport lean, because ${why}`
  return {
    level: 'warning',
    check,
    text,
    remedy: 'none if that is wanted (docs/configuration.md, "The connection to DynamoDB")',
  }
}

/** The refusal of a request. A missing permission is only a warning: the application may have other credentials. */
async function refusal(
  configuration: Configuration,
  operation: 'GetItem' | 'BatchGetItem',
  send: () => Promise<unknown>,
): Promise<Finding | undefined> {
  const action = `dynamodb:${operation}`
  try {
    await send()
    return undefined
  } catch (error) {
    if (!isAwsError(error, ...DENIED)) {
      const text = explainAwsError(error, { action, configuration }).message
      const hitsAll = operation === 'GetItem' || hitsAnyRequest(error) || isTimeout(error)
      return hitsAll
        ? { level: 'error', check, text }
        : { level: 'warning', check, text: `one by one, because ${text}` }
    }
    const text =
      operation === 'GetItem'
        ? `these credentials may not read sessions (${action})`
        : `one by one, because these credentials are not allowed ${action}`
    const remedy = `if the application uses them, allow ${action} (docs/permissions.md)`
    return { level: 'warning', check, text, remedy }
  }
}
