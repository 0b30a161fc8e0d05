import type { PointInTimeRecoverySpecification } from '@aws-sdk/client-dynamodb'
import type { TableWork } from './table-work.js'

/** The state of point-in-time recovery (continuous backups). */
export interface Recovery {
  readonly on: boolean
  /** Days for which backups are kept; undefined: recovery is off, or the endpoint does not return them. */
  readonly days: number | undefined
}

/** DynamoDB's default, which the request may leave out. */
const LONGEST = 35

/** The state of point-in-time recovery. */
export async function findRecovery(work: TableWork): Promise<Recovery> {
  const { tableName } = work.configuration
  const { ContinuousBackupsDescription } = await work.request('DescribeContinuousBackups', (client, sdk) =>
    client.send(new sdk.DescribeContinuousBackupsCommand({ TableName: tableName })),
  )
  const { PointInTimeRecoveryStatus, RecoveryPeriodInDays } =
    ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {}
  return { on: PointInTimeRecoveryStatus === 'ENABLED', days: RecoveryPeriodInDays }
}

/** Switches point-in-time recovery on or off. Without `days`, DynamoDB keeps backups for 35 days. */
export async function setRecovery(work: TableWork, { on, days }: Recovery): Promise<void> {
  const { tableName } = work.configuration
  const PointInTimeRecoverySpecification: PointInTimeRecoverySpecification = {
    PointInTimeRecoveryEnabled: on,
    ...(on && days !== undefined && { RecoveryPeriodInDays: days }),
  }
  await work.whileInUse('UpdateContinuousBackups', (client, sdk) =>
    client.send(new sdk.UpdateContinuousBackupsCommand({ TableName: tableName, PointInTimeRecoverySpecification })),
  )
}

/** For `createTable`. An emulator without point-in-time recovery is no error. */
export async function switchOnRecovery(work: TableWork): Promise<void> {
  const { pointInTimeRecoveryDays: days } = work.configuration
  try {
    await setRecovery(work, { on: true, days: days === LONGEST ? undefined : days })
    work.logger.info(`switched on point-in-time recovery for ${work.label}`)
  } catch (error) {
    if (!work.isLacking(error)) throw error
    work.logger.warn(`this endpoint has no point-in-time recovery, so ${work.label} has none`)
  }
}
