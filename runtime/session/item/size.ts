import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../../configuration/resolve.js'
import { SessionTooLargeError } from '../../errors.js'
import { LONGEST_TEXT } from './compression.js'
import { hashSessionId } from './session-id.js'
import { keySizeOf } from './session-key.js'
import type { SessionRecord } from './session-record.js'

/** DynamoDB's limit for an item, names and values together: "Constraints in Amazon DynamoDB", 400 KB. */
const ITEM_LIMIT = 400 * 1024

/**
 * Refuses a session that is too large, before anything is sent.
 *
 * @param attributes the attributes that will be sent
 * @param stored the session as stored: its `cookie` and `client` stay if none is sent
 * @throws {SessionTooLargeError} with the size in bytes
 */
export function checkSize(
  id: string,
  attributes: Readonly<Record<string, AttributeValue | undefined>>,
  configuration: Configuration,
  stored: Partial<Pick<SessionRecord, 'cookie' | 'client'>> = {},
): void {
  const { tableKey, tableName } = configuration
  let size = Buffer.byteLength(tableKey) + keySizeOf(id, configuration) + sizeOf(attributes)
  const { cookie, client } = stored
  if (cookie !== undefined && !attributes.cookie) size += 'cookie'.length + Buffer.byteLength(cookie)
  if (client !== undefined && !attributes.client) size += sizeOf({ client })
  if (size <= ITEM_LIMIT) return
  const text = Buffer.byteLength(attributes.data?.S ?? '')
  if (text > LONGEST_TEXT) {
    throw new SessionTooLargeError(
      `The data of the session ${hashSessionId(id)} is ${text} bytes of JSON, but at most ${LONGEST_TEXT} (4 MB) can ` +
        `be read, compressed or not. The version in the table "${tableName}" stays as it was; keep less in the session.`,
    )
  }
  throw new SessionTooLargeError(
    `The session ${hashSessionId(id)} would take ${size} bytes, but an item of DynamoDB holds at most ${ITEM_LIMIT} ` +
      `(400 KB). The version in the table "${tableName}" stays as it was; keep less in the session.`,
  )
}

/** The size of attributes, names and values together. Lists and maps of other programs don't count. */
export function sizeOf(attributes: Readonly<Record<string, AttributeValue | undefined>>): number {
  let size = 0
  for (const name in attributes) size += Buffer.byteLength(name) + bytesOf(attributes[name])
  return size
}

function bytesOf(value: AttributeValue | undefined): number {
  return value?.B?.byteLength ?? Buffer.byteLength(value?.S ?? value?.N ?? '')
}
