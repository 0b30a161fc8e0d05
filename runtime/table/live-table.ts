import { endpointOf, isLocal } from '../dynamodb/endpoint.js'
import { DENIED, isAwsError, isTransient } from '../dynamodb/error-facts.js'
import { findKmsPackage, KMS_PACKAGE } from '../dynamodb/key-management.js'
import { findTable, type TableFacts } from './describe-table.js'
import { isAlias } from './kms-alias.js'
import { findRecovery, type Recovery } from './recovery.js'
import { findTags } from './table-tags.js'
import type { TableWork } from './table-work.js'
import { findTimeToLive, type TimeToLive } from './time-to-live.js'

/** A setting as the endpoint returns it, or why it is unknown. */
export type Reading<T> =
  | { readonly value: T }
  /** The IAM action that these credentials lack, such as `dynamodb:ListTagsOfResource`. */
  | { readonly permission: string }
  /** The endpoint is an emulator without this setting. */
  | { readonly lacking: string }
  /** The service that gave no response, such as `KMS`. */
  | { readonly unreachable: string }
  /** The optional package that the application has not installed, such as `@aws-sdk/client-kms`. */
  | { readonly uninstalled: string }

/** All settings of the live table. Plain data. */
export interface LiveTable {
  readonly table: TableFacts
  readonly timeToLive: Reading<TimeToLive>
  readonly recovery: Reading<Recovery>
  readonly tags: Reading<Readonly<Record<string, string>>>
  /**
   * ARN of the key that the alias in `kms_key_id` stands for. Its value is undefined when KMS has no such alias.
   * undefined: `kms_key_id` is no alias, or there is nothing to compare.
   */
  readonly aliasedKey: Reading<string | undefined> | undefined
}

/**
 * Reads all settings of the table that `configuration` names. A missing permission for one of them is part of the result.
 *
 * @returns undefined when the table does not exist
 * @throws {TableRequestError} when DynamoDB does not describe the table, for example because that permission is missing
 */
export async function readLiveTable(work: TableWork): Promise<LiveTable | undefined> {
  const table = await findTable(work)
  return table && (await readSettings(work, table))
}

/** Reads the settings that `DescribeTable` does not return. */
export async function readSettings(work: TableWork, table: TableFacts): Promise<LiveTable> {
  const { arn, kmsKeyArn } = table
  const { kmsKeyId } = work.configuration
  const [timeToLive, recovery, tags, aliasedKey] = await Promise.all([
    timeToLiveOf(work, table),
    read(work, 'dynamodb:DescribeContinuousBackups', 'point-in-time recovery', () => findRecovery(work)),
    arn === undefined
      ? { lacking: 'tags' }
      : read(work, 'dynamodb:ListTagsOfResource', 'tags', () => findTags(work, arn)),
    kmsKeyId !== undefined && isAlias(kmsKeyId) && kmsKeyArn !== undefined && work.hasKms
      ? aliasedKeyOf(work, kmsKeyId)
      : undefined,
  ])
  return { table, timeToLive, recovery, tags, aliasedKey }
}

async function timeToLiveOf(work: TableWork, table: TableFacts): Promise<Reading<TimeToLive>> {
  const found = await read(work, 'dynamodb:DescribeTimeToLive', 'Time to Live', () => findTimeToLive(work))
  if (!('value' in found)) return found
  const { value } = found
  if (value === undefined || (value.status === 'DISABLED' && isLikeDynalite(work, table))) {
    return { lacking: 'Time to Live' }
  }
  return { value }
}

/**
 * dynalite has no Time to Live, but describes it as off. It has no deletion protection either, and leaves that out of its
 * description of a table. DynamoDB Local describes both, and has both.
 */
function isLikeDynalite({ configuration }: TableWork, { deletionProtection }: TableFacts): boolean {
  return deletionProtection === undefined && isLocal(endpointOf(configuration))
}

/** DynamoDB may be reachable where KMS is not, for example in a subnet with only an endpoint for DynamoDB. */
async function aliasedKeyOf(work: TableWork, alias: string): Promise<Reading<string | undefined>> {
  const path = findKmsPackage(work.configuration.root)
  if (path === undefined) return { uninstalled: KMS_PACKAGE }
  try {
    return await read(work, 'kms:DescribeKey', 'KMS', () => work.keyOfAlias(alias, path))
  } catch (error) {
    if (isAwsError(error, 'NotFoundException')) return { value: undefined }
    if (isTransient(error)) return { unreachable: 'KMS' }
    throw error
  }
}

/** Asks for one setting. Only a missing permission and a missing operation are results; other errors are thrown. */
async function read<T>(work: TableWork, permission: string, what: string, ask: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await ask() }
  } catch (error) {
    if (isAwsError(error, ...DENIED)) return { permission }
    if (work.isLacking(error)) return { lacking: what }
    throw error
  }
}
