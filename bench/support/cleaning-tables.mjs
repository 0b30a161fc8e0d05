// Tables full of sessions, half of them over, as each of those that clean would have written them.
import { randomBytes } from 'node:crypto'
import { BatchWriteItemCommand, CreateTableCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb'

/** Sessions that weren't used for so long are over. Seconds. */
export const MAX_STALE = 14 * 24 * 3600

/** DynamoDB's limit of items in a BatchWriteItem. */
const BATCH = 25
const IN_FLIGHT = 8

const DATA = { user_id: 4711, flash: [], cart: [{ sku: 'A-1', n: 2 }], note: 'x'.repeat(300) }
const COOKIE = { originalMaxAge: MAX_STALE * 1000, httpOnly: true, path: '/' }

/** What our stores write for express-session; of the same size as `theirItem`, but for the times. */
export function ourItem(index) {
  const at = Date.now() - (isOver(index) ? 2 : 0.5) * MAX_STALE * 1000 - index
  const expires = { ...COOKIE, expires: new Date(at + MAX_STALE * 1000).toISOString() }
  return {
    session_id: { S: id() },
    data: { S: JSON.stringify(DATA) },
    created_at: { S: timestamp(at - 60_000) },
    updated_at: { S: timestamp(at) },
    expire_at: { N: String(Math.ceil(at / 1000) + MAX_STALE) },
    cookie: { S: JSON.stringify(expires) },
  }
}

/** What connect-dynamodb writes: `set` in its lib/connect-dynamodb.js. */
export function theirItem(index) {
  const at = Date.now() - (isOver(index) ? 2 : 0.5) * MAX_STALE * 1000 - index
  const cookie = { ...COOKIE, expires: new Date(at + MAX_STALE * 1000).toISOString() }
  return {
    id: { S: `sess:${id()}` },
    expires: { N: String(Math.floor(at / 1000) + MAX_STALE) },
    type: { S: 'connect-session' },
    sess: { S: JSON.stringify({ cookie, ...DATA }) },
  }
}

/** Every second one. */
export function isOver(index) {
  return index % 2 === 0
}

/** A new table of `count` sessions. */
export async function fillTable(client, { tableName, key, itemOf, count }) {
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 30 }, { TableName: tableName })
  let next = 0
  const worker = async () => {
    while (next < count) {
      const from = next
      next = Math.min(next + BATCH, count)
      const requests = Array.from({ length: next - from }, (_, n) => ({ PutRequest: { Item: itemOf(from + n) } }))
      let left = { [tableName]: requests }
      do {
        const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: left }))
        left = UnprocessedItems ?? {}
      } while (Object.keys(left).length > 0)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

function id() {
  return randomBytes(24).toString('base64url')
}

/** docs/design/wire-format.md. */
function timestamp(milliseconds) {
  return `${(milliseconds / 1000).toFixed(6)}${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`
}
