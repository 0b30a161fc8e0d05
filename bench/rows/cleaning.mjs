// Sessions deleted a second, of a table of which half are over, on an engine that this file starts.
import { createRequire } from 'node:module'
import { BatchWriteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import session from 'express-session'
import { tsImport } from 'tsx/esm/api'
import { collectGarbage } from '../../dist/runtime/index.js'
import { fillTable, MAX_STALE, ourItem, theirItem } from '../support/cleaning-tables.mjs'
import { interleaved } from '../support/measure.mjs'
import { reaped } from '../support/reaped.mjs'

const require = createRequire(import.meta.url)

const SESSIONS = { full: 100_000, quick: 2_000, warmUp: 4_000 }

/** A round takes minutes, most of them connect-dynamodb's. */
const ROUNDS = Number(process.env.ROUNDS ?? 1)

/** Of the raw floor: as many as `clean` has by default. */
const SEGMENTS = 4

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick, log }) {
  const engine = await startEngine()
  try {
    const values = await measured(engine, { quick, log })
    return [
      {
        id: 'cleaning',
        group: 'Cleaning',
        title: 'sessions deleted a second, half of those in the table',
        unit: 'sessions/s',
        values,
        note:
          `There is no goal: the engine is the limit. ${quick ? SESSIONS.quick : SESSIONS.full} sessions on ${engine.name}, which uses most of the CPU; a new ` +
          'table each time; `clean` without flags, `reap` until the last session is gone. Ours deletes on the ' +
          'condition that the session is as the scan saw it, the others without any: raw is a scan in 4 segments and ' +
          'BatchWriteItem by the SDK.',
      },
    ]
  } finally {
    await engine.stop()
  }
}

async function startEngine() {
  const { startDynamoDBLocal, startDynalite } = await tsImport('../../test/support/engines-start.ts', import.meta.url)
  const local = await startDynamoDBLocal()
  if (!('missing' in local)) return { name: 'DynamoDB Local', ...local }
  return { name: `dynalite, for want of DynamoDB Local (${local.missing})`, ...(await startDynalite()) }
}

/** The first round of each is small: it warms the engine up, and does not count. */
async function measured({ endpoint }, { quick, log }) {
  const warm = new Set()
  let tables = 0
  const rateOf = (who, clean) => async () => {
    const counts = quick ? SESSIONS.quick : SESSIONS.full
    const count = warm.has(who) ? counts : Math.min(counts, SESSIONS.warmUp)
    warm.add(who)
    tables += 1
    const rate = await clean({ endpoint, tableName: `cleaning-${tables}`, count })
    log(`${who}: ${Math.round(rate)} sessions a second of ${count / 2} that are over`)
    return rate
  }
  return await interleaved(quick ? 1 : ROUNDS, {
    ours: rateOf('ours', ours),
    'connect-dynamodb': rateOf('connect-dynamodb', reap),
    raw: rateOf('raw', raw),
  })
}

async function ours({ endpoint, tableName, count }) {
  await withTable({ endpoint, tableName, key: 'session_id', itemOf: ourItem, count })
  return await rate(count / 2, async () => {
    const { deleted } = await collectGarbage({ tableName, endpoint, maxStale: MAX_STALE })
    return deleted
  })
}

async function reap({ endpoint, tableName, count }) {
  await withTable({ endpoint, tableName, key: 'id', itemOf: theirItem, count })
  const client = clientFor(endpoint)
  const Store = require('connect-dynamodb')(session)
  const store = new Store({ client, table: tableName, initialized: true })
  try {
    return await rate(count / 2, () => reaped(store, count / 2))
  } finally {
    client.destroy()
  }
}

/** What is over, by its `expire_at`, is deleted whatever happened to it since. */
async function raw({ endpoint, tableName, count }) {
  await withTable({ endpoint, tableName, key: 'session_id', itemOf: ourItem, count })
  const client = clientFor(endpoint)
  try {
    return await rate(count / 2, async () => {
      const segments = Array.from({ length: SEGMENTS }, (_, segment) => rawSegment(client, tableName, segment))
      return (await Promise.all(segments)).reduce((sum, deleted) => sum + deleted, 0)
    })
  } finally {
    client.destroy()
  }
}

async function rawSegment(client, tableName, segment) {
  const now = Date.now() / 1000
  let deleted = 0
  let start
  do {
    const { Items, LastEvaluatedKey } = await client.send(
      new ScanCommand({
        TableName: tableName,
        Segment: segment,
        TotalSegments: SEGMENTS,
        ProjectionExpression: 'session_id, expire_at',
        ...(start && { ExclusiveStartKey: start }),
      }),
    )
    const over = Items.filter((item) => Number(item.expire_at.N) < now)
    for (let from = 0; from < over.length; from += 25) {
      const requests = over.slice(from, from + 25).map(({ session_id }) => ({ DeleteRequest: { Key: { session_id } } }))
      const { UnprocessedItems: left } = await client.send(
        new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }),
      )
      deleted += requests.length - (left?.[tableName]?.length ?? 0)
    }
    start = LastEvaluatedKey
  } while (start)
  return deleted
}

async function withTable({ endpoint, ...table }) {
  const client = clientFor(endpoint)
  await fillTable(client, table)
  client.destroy()
}

/** Sessions a second; an error when not all of them were deleted. */
async function rate(expected, clean) {
  const start = performance.now()
  const deleted = await clean()
  const seconds = (performance.now() - start) / 1000
  if (deleted !== expected) throw new Error(`${deleted} sessions were deleted, not ${expected}`)
  return deleted / seconds
}

function clientFor(endpoint) {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
}
