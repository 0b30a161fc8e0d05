import type { TimeToLiveStatus } from '@aws-sdk/client-dynamodb'
import { factsOf, isAwsError } from '../dynamodb/error-facts.js'
import { TableRequestError, TableSchemaError } from '../errors.js'
import { TTL_ATTRIBUTE } from '../session/item/attributes.js'
import type { TableWork } from './table-work.js'

export interface TimeToLive {
  readonly status: TimeToLiveStatus
  /** The attribute that it goes by; undefined when it is off. */
  readonly attribute: string | undefined
}

/** How Time to Live stands; undefined when the endpoint does not know it or the table has just gone. */
export async function findTimeToLive(work: TableWork): Promise<TimeToLive | undefined> {
  const { tableName } = work.configuration
  try {
    const { TimeToLiveDescription } = await work.request('DescribeTimeToLive', (client, sdk) =>
      client.send(new sdk.DescribeTimeToLiveCommand({ TableName: tableName })),
    )
    const { TimeToLiveStatus = 'DISABLED', AttributeName } = TimeToLiveDescription ?? {}
    return { status: TimeToLiveStatus, attribute: AttributeName }
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException') || isLacking(work, error)) return undefined
    throw error
  }
}

/** For a table that this call created: nothing can be in it that Time to Live would delete. */
export async function switchOnTimeToLive(work: TableWork): Promise<void> {
  const { tableName } = work.configuration
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true }
  try {
    await work.whileInUse('UpdateTimeToLive', (client, sdk) =>
      client.send(new sdk.UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification })),
    )
    work.logger.info(`switched on Time to Live on ${TTL_ATTRIBUTE} for ${work.label}`)
  } catch (error) {
    if (isLacking(work, error)) warnOfLack(work)
    else if (!(isAwsError(error, 'ValidationException') && (await isOnAlready(work, error)))) throw error
  }
}

/**
 * For a table that was there before: its items may carry an `expire_at` that was never meant for Time to Live (those
 * of the Ruby gem without `max_stale` have the time of their last write), so that it is switched on only for an empty
 * table or on demand.
 */
export async function reconcileTimeToLive(work: TableWork): Promise<void> {
  const ttl = await findTimeToLive(work)
  if (ttl === undefined) return warnOfLack(work)
  const problem = timeToLiveProblem(ttl, work.configuration.tableName)
  if (problem) throw new TableSchemaError(problem)
  if (isOn(ttl)) return work.logger.info(`Time to Live of ${work.label} is on already`)
  const demanded = work.configuration.sources.ttl !== 'default'
  if (ttl.status === 'DISABLING') {
    const text = `Time to Live of ${work.label} is just being switched off, which may take an hour; run it again after that`
    if (demanded) throw new TableRequestError(text)
    return work.logger.warn(text)
  }
  if (demanded || (await isEmpty(work))) return await switchOnTimeToLive(work)
  work.logger.warn(
    `Time to Live of ${work.label} is off, and stays off because the table holds items, whose ${TTL_ATTRIBUTE} may ` +
      'have passed (the Ruby gem without max_stale writes the current time); set ttl: true to switch it on, ' +
      'or ttl: false to leave it off without this warning',
  )
}

/** Why Time to Live, being switched on, is not ours; undefined when it is, or is off. */
export function timeToLiveProblem(ttl: TimeToLive, tableName: string): string | undefined {
  if (!isOn(ttl) || ttl.attribute === TTL_ATTRIBUTE) return undefined
  return `Time to Live of table "${tableName}" goes by the attribute "${ttl.attribute}", but sessions need "${TTL_ATTRIBUTE}"; switch it off there, or set ttl: false, or choose another table_name`
}

/** Switched on, whether or not DynamoDB has finished that, which may take an hour. */
export function isOn(ttl: TimeToLive): boolean {
  return ttl.status === 'ENABLED' || ttl.status === 'ENABLING'
}

async function isEmpty(work: TableWork): Promise<boolean> {
  const { tableName } = work.configuration
  const { Count, LastEvaluatedKey } = await work.request('Scan', (client, sdk) =>
    client.send(new sdk.ScanCommand({ TableName: tableName, Limit: 1, Select: 'COUNT', ConsistentRead: true })),
  )
  return Count === 0 && LastEvaluatedKey === undefined
}

/** DynamoDB refuses to switch on what another process switched on a moment ago. */
async function isOnAlready(work: TableWork, error: unknown): Promise<boolean> {
  if (/already enabled/i.test(factsOf(error).message)) return true
  const ttl = await findTimeToLive(work)
  if (ttl === undefined) return false
  const problem = timeToLiveProblem(ttl, work.configuration.tableName)
  if (problem) throw new TableSchemaError(problem, { cause: error })
  return isOn(ttl)
}

function isLacking(work: TableWork, error: unknown): boolean {
  return work.mayLackOperations && isAwsError(error, 'UnknownOperationException')
}

function warnOfLack(work: TableWork): void {
  work.logger.warn(`this endpoint has no Time to Live: expired sessions stay in ${work.label} until they are cleaned`)
}
