// Capacity units that requests through Express consume, as an engine counts them. Nothing here depends on the machine,
// so that one round is enough.
import { hash } from 'node:crypto'
import { CreateTableCommand, DynamoDBClient, UpdateItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { request } from 'undici'
import { startEngine } from '../support/engine.mjs'
import { AWS } from '../support/environment.mjs'
import { cookieOf, startExpress } from '../support/express-server.mjs'
import { figure } from '../support/figures.mjs'
import { startMeteringProxy } from '../support/metering-proxy.mjs'

const KINDS = {
  ours: { table: 'ours', key: 'session_id' },
  'connect-dynamodb': { table: 'theirs', key: 'id' },
}
const SESSIONS = 10
/** What a session holds: with its bookkeeping, more than 1 KB and less than 2 KB in both stores. */
const DATA = { user_id: 4711, note: 'x'.repeat(1000) }

export async function rows({ quick, log }) {
  const requests = quick ? 100 : 1000
  log('starting an engine')
  const engine = await startEngine()
  const client = new DynamoDBClient({ ...AWS, endpoint: engine.endpoint })
  const typical = {}
  const readOnly = {}
  const atOnce = {}
  try {
    for (const kind of Object.keys(KINDS)) {
      log(kind)
      await createTable(client, KINDS[kind])
      await withServer(kind, engine, async (server, proxy) => {
        typical[kind] = await typicalTraffic(server, proxy, requests)
        readOnly[kind] = await readOnlyMinute(server, proxy, { requests, client, kind })
        atOnce[kind] = await readsAtOnce(server, proxy, requests)
      })
    }
  } finally {
    client.destroy()
    await engine.stop()
  }
  return rowsOf({ typical, readOnly, atOnce, requests, engine: engine.name })
}

/** Nine requests that read and one that changes, by one user after another: 90 % reads. */
async function typicalTraffic(server, proxy, requests) {
  const sessions = []
  for (let user = 0; user < SESSIONS; user += 1) sessions.push(await login(server))
  proxy.take()
  for (let number = 0; number < requests; number += 1) {
    const { cookie } = sessions[Math.floor(number / 10) % SESSIONS]
    if (number % 10 < 9) await send(server, 'GET', '/', { cookie })
    else await send(server, 'POST', '/change', { cookie })
  }
  return proxy.take()
}

/** One user reads on and on within a minute, having last been there over a minute ago. */
async function readOnlyMinute(server, proxy, { requests, client, kind }) {
  const { id, cookie } = await login(server)
  if (kind === 'ours') await makeOlder(client, id)
  proxy.take()
  for (let number = 0; number < requests; number += 1) await send(server, 'GET', '/', { cookie })
  return proxy.take()
}

/** As many users as there are sessions read at the same time, again and again. */
async function readsAtOnce(server, proxy, requests) {
  const sessions = []
  for (let user = 0; user < SESSIONS; user += 1) sessions.push(await login(server))
  proxy.take()
  for (let number = 0; number < requests; number += SESSIONS) {
    await Promise.all(sessions.map(({ cookie }) => send(server, 'GET', '/', { cookie })))
  }
  return proxy.take()
}

function rowsOf({ typical, readOnly, atOnce, requests, engine }) {
  const group = `Capacity of ${figure(requests, '')} requests through Express`
  const note =
    `A session of 1 to 2 KB; ${engine} says what requests to it consume (ReturnConsumedCapacity). A read unit is a ` +
    'strongly consistent read of up to 4 KB, a write unit a write of up to 1 KB; on demand, AWS charges five times as ' +
    'much for a write unit. All within a minute: ours writes an unchanged session when its last write is touch_interval ' +
    '(60 s) old, so that it writes as often as connect-dynamodb where a user pauses longer than that at each request. ' +
    'Sessions read at the same time are one BatchGetItem of ours, whose units are those of as many GetItems.'
  const row = (id, traffic, meters, [unit, field], more) => {
    const values = Object.entries(meters).map(([kind, meter]) => [kind, [meter[field]]])
    const text = { group, title: `${traffic}: ${unit}`, unit: 'in all', note }
    return { id: `capacity-${id}`, ...text, values: Object.fromEntries(values), ...more }
  }
  const usual = '90 % of requests read, 10 % change'
  const minute = 'read-only minute of one session'
  const together = `${SESSIONS} sessions read at the same time`
  const once = { goal: { than: 'connect-dynamodb', atMost: 1 / requests } }
  return [
    row('typical-read-units', usual, typical, ['read units', 'readUnits']),
    row('typical-write-units', usual, typical, ['write units', 'writeUnits']),
    row('read-only-reads', minute, readOnly, ['reads', 'reads']),
    row('read-only-writes', minute, readOnly, ['writes', 'writes'], once),
    row('read-only-write-units', minute, readOnly, ['write units', 'writeUnits']),
    row('at-once-reads', together, atOnce, ['reads', 'reads']),
    row('at-once-read-units', together, atOnce, ['read units', 'readUnits']),
  ]
}

async function createTable(client, { table, key }) {
  const input = {
    TableName: table,
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  }
  await client.send(new CreateTableCommand(input))
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: table })
}

/** Moves a session's last write two minutes back. */
async function makeOlder(client, id) {
  const input = {
    TableName: KINDS.ours.table,
    Key: { [KINDS.ours.key]: { S: `sha256:${hash('sha256', id, 'base64url')}` } },
    ConditionExpression: 'attribute_exists(updated_at)',
    UpdateExpression: 'SET updated_at = :then',
    ExpressionAttributeValues: { ':then': { S: `${Math.floor(Date.now() / 1000) - 120}.123456123456789` } },
  }
  await client.send(new UpdateItemCommand(input))
}

async function withServer(kind, engine, use) {
  const proxy = await startMeteringProxy(engine.endpoint)
  const server = await startExpress(kind, proxy.endpoint)
  try {
    await use(server, proxy)
  } finally {
    await server.close()
    await proxy.close()
  }
}

async function login(server) {
  const body = JSON.stringify(DATA)
  const { id } = await send(server, 'POST', '/login', { 'content-type': 'application/json' }, body)
  return { id, cookie: cookieOf(id) }
}

async function send({ url }, method, path, headers, body) {
  const response = await request(`${url}${path}`, { method, headers, body })
  const text = await response.body.text()
  if (response.statusCode !== 200) throw new Error(`${method} ${path} was answered ${response.statusCode} ${text}`)
  return JSON.parse(text)
}
