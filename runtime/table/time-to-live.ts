import type { TimeToLiveStatus } from '@aws-sdk/client-dynamodb'
import { factsOf, isAwsError } from '../dynamodb/error-facts.js'
import { TableRequestError, TableSchemaError } from '../errors.js'
import { TTL_ATTRIBUTE } from '../session/item/attributes.js'
import type { TableWork } from './table-work.js'

export interface TimeToLive {
  readonly status: TimeToLiveStatus
  /** The attribute that DynamoDB reads; undefined when Time to Live is off. */
  readonly attribute: string | undefined
}

/** The state of Time to Live; undefined when the endpoint has none, or the table was just deleted. */
export async function findTimeToLive(work: TableWork): Promise<TimeToLive | undefined> {
  const { tableName } = work.configuration
  try {
    const { TimeToLiveDescription } = await work.request('DescribeTimeToLive', (client, sdk) =>
      client.send(new sdk.DescribeTimeToLiveCommand({ TableName: tableName })),
    )
    const { TimeToLiveStatus = 'DISABLED', AttributeName } = TimeToLiveDescription ?? {}
    return { status: TimeToLiveStatus, attribute: AttributeName }
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException') || work.isLacking(error)) return undefined
    throw error
  }
}

/** Switches Time to Live on for a new table, which holds no items that Time to Live could delete. */
export async function switchOnTimeToLive(work: TableWork): Promise<void> {
  const { tableName } = work.configuration
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true }
  try {
    await work.whileInUse('UpdateTimeToLive', (client, sdk) =>
      client.send(new sdk.UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification })),
    )
    work.logger.info(`switched on Time to Live on ${TTL_ATTRIBUTE} for ${work.label}`)
  } catch (error) {
    if (work.isLacking(error)) warnOfLack(work)
    else if (!(isAwsError(error, 'ValidationException') && (await isOnAlready(work, error)))) throw error
  }
}

/**
 * For a table that existed before. Switches Time to Live on for an empty table, or when the option `ttl` is set. Other items may
 * have an `expire_at` in the past. The Ruby gem without `max_stale` writes the time of the last write.
 */
export async function reconcileTimeToLive(work: TableWork): Promise<void> {
  const ttl = await findTimeToLive(work)
  if (ttl === undefined) return warnOfLack(work)
  const problem = timeToLiveProblem(ttl, work.configuration.tableName)
  if (problem) throw new TableSchemaError(problem)
  if (isOn(ttl)) return work.logger.info(`Time to Live of ${work.label} is on already`)
  const demanded = work.configuration.sources.ttl !== 'default'
  if (ttl.status === 'DISABLING') {
    const text = `DynamoDB is switching Time to Live of ${work.label} off, which may take an hour; run it again afterwards`
    if (demanded) throw new TableRequestError(text)
    return work.logger.warn(text)
  }
  if (demanded || (await isEmpty(work))) return await switchOnTimeToLive(work)
  work.logger.warn(
    `Time to Live of ${work.label} stays off: the table holds items whose ${TTL_ATTRIBUTE} may have passed. The Ruby gem ` +
      'without max_stale writes the current time. Set ttl: true to switch it on, or ttl: false to leave it off without ' +
      'this warning',
  )
}

/** Switches Time to Live of sessions off. Expired sessions then stay in the table until they are cleaned. */
export async function switchOffTimeToLive(work: TableWork): Promise<void> {
  const { tableName } = work.configuration
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: false }
  await work.whileInUse('UpdateTimeToLive', (client, sdk) =>
    client.send(new sdk.UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification })),
  )
}

/** Why Time to Live does not fit sessions; undefined when it does, or when it is off. */
export function timeToLiveProblem(ttl: TimeToLive, tableName: string): string | undefined {
  if (!isOn(ttl) || ttl.attribute === TTL_ATTRIBUTE) return undefined
  return `Time to Live of table "${tableName}" reads the attribute "${ttl.attribute}", but sessions need "${TTL_ATTRIBUTE}"; switch it off there, or set ttl: false, or choose another table_name`
}

/** Whether Time to Live is on, or DynamoDB is switching it on, which may take an hour. */
export function isOn(ttl: TimeToLive): boolean {
  return ttl.status === 'ENABLED' || ttl.status === 'ENABLING'
}

/** Whether the table holds no item. */
export async function isEmpty(work: TableWork): Promise<boolean> {
  const { tableName } = work.configuration
  const { Count, LastEvaluatedKey } = await work.request('Scan', (client, sdk) =>
    client.send(new sdk.ScanCommand({ TableName: tableName, Limit: 1, Select: 'COUNT', ConsistentRead: true })),
  )
  return Count === 0 && LastEvaluatedKey === undefined
}

/** Whether DynamoDB refused the request because another process has just switched Time to Live on. */
async function isOnAlready(work: TableWork, error: unknown): Promise<boolean> {
  if (/already enabled/i.test(factsOf(error).message)) return true
  const ttl = await findTimeToLive(work)
  if (ttl === undefined) return false
  const problem = timeToLiveProblem(ttl, work.configuration.tableName)
  if (problem) throw new TableSchemaError(problem, { cause: error })
  return isOn(ttl)
}

function warnOfLack(work: TableWork): void {
  work.logger.warn(`this endpoint has no Time to Live: expired sessions stay in ${work.label} until they are cleaned`)
}
