// CPU time and rate of one operation of a store, with 1, 32 and 256 of them in flight.
import { createRequire } from 'node:module'
import session from 'express-session'
import { Pool } from 'undici'
import { cpuAndRate } from '../support/cpu-and-rate.mjs'
import { applicationEnvironment } from '../support/environment.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const IN_FLIGHT = [1, 32, 256]
const MAX_AGE = 14 * 24 * 3600 * 1000
const SDK = 'ours, transport sdk'
const SINGLE = 'ours, batch_reads off'
const NOTES = {
  get:
    'Reads a session of 600 bytes. Ours reads those that are asked for at the same moment with one BatchGetItem, all ' +
    'of those in flight here; with batch_reads off one by one, as the others.',
  touch: 'Renews a session that was loaded before (touch_interval 0, so that ours writes each time).',
  set: 'Saves a change of a session that was loaded before. Ours is conditional and merges, the other overwrites.',
}
/** Goals of the operations with 32 in flight. */
const MOST_CPU = { get: 0.25, touch: 0.3, set: 0.3 }
const LEAST_RATE = { get: 12, touch: 5, set: 4.5 }
const LEAST_SINGLE_RATE = 4.5

export async function rows({ quick, log }) {
  const stub = await startStub()
  const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'))
  for (const name of names) delete process.env[name]
  Object.assign(process.env, applicationEnvironment(stub.endpoint))
  const pool = new Pool(stub.endpoint, { connections: 50 })
  const users = {
    ours: await usersOf(await ours({})),
    'connect-dynamodb': await usersOf(theirs()),
    [SINGLE]: await usersOf(await ours({ batchReads: false })),
    [SDK]: await usersOf(await ours({ transport: 'sdk' })),
    raw: rawUsers(pool),
  }
  const found = []
  try {
    for (const [who, all] of Object.entries(users)) {
      log(`${who}: warming up`)
      for (const operation of ['get', 'touch', 'set']) await measure(all.slice(0, 32), operation, quick ? 100 : 4000)
    }
    for (const operation of ['get', 'touch', 'set']) {
      for (const inFlight of IN_FLIGHT) {
        log(`${operation}, ${inFlight} in flight`)
        const requests = quick ? 300 : inFlight === 1 ? 600 : 2000
        const measures = Object.entries(users)
          .filter(([who]) => who !== SINGLE || operation === 'get')
          .map(([who, all]) => [who, () => measure(all.slice(0, inFlight), operation, requests)])
        const results = await interleaved(quick ? 1 : 5, Object.fromEntries(measures))
        found.push(...rowsOf(operation, inFlight, results))
        if (operation === 'get' && inFlight === 32) found.push(singleRateRow(results))
      }
    }
    return found.toSorted((one, other) => one.group.localeCompare(other.group))
  } finally {
    await pool.destroy()
    await stub.close()
  }
}

function rowsOf(operation, inFlight, results) {
  const title = `${operation}, ${inFlight} in flight`
  const note = `${NOTES[operation]} Raw: undici posts the body of our request, unsigned, and parses the answer.`
  const than = 'connect-dynamodb'
  const isGoal = inFlight === 32
  return [
    {
      id: `${operation}-${inFlight}-cpu`,
      group: 'Operations: CPU time',
      title,
      unit: 'µs',
      values: field(results, 'cpu'),
      ...(isGoal && { goal: { than, atMost: MOST_CPU[operation] } }),
      note,
    },
    {
      id: `${operation}-${inFlight}-rate`,
      group: 'Operations: rate',
      title,
      unit: '1/s',
      values: field(results, 'rate'),
      ...(isGoal && { goal: { than, atLeast: LEAST_RATE[operation] } }),
      note,
    },
  ]
}

/** What ours gains without one request for several sessions. */
function singleRateRow(results) {
  const than = 'connect-dynamodb'
  const rates = field(results, 'rate')
  return {
    id: 'get-32-single-rate',
    group: 'Operations: rate',
    title: 'get, 32 in flight, batch_reads off',
    unit: '1/s',
    values: { ours: rates[SINGLE], [than]: rates[than] },
    goal: { than, atLeast: LEAST_SINGLE_RATE },
  }
}

function measure(users, operation, requests) {
  return cpuAndRate(
    users.map((user) => user[operation]),
    requests,
  )
}

/** What express-session does with the store, each user with a session of their own. */
async function usersOf(store) {
  const all = Array.from({ length: Math.max(...IN_FLIGHT) }, async (_, index) => {
    const id = idOf(index)
    const loaded = await promised((done) => store.get(id, done))
    if (loaded?.user_id !== 4711) throw new Error(`read something else than the session of the stub: ${loaded}`)
    const own = store.createSession({ sessionID: id }, loaded)
    own.cookie.maxAge = MAX_AGE
    let changes = 0
    return {
      get: () => promised((done) => store.get(id, done)),
      touch: () => promised((done) => store.touch(id, own, done)),
      set() {
        changes += 1
        own.changes = changes
        return promised((done) => store.set(id, own, done))
      },
    }
  })
  return await Promise.all(all)
}

async function ours(options) {
  const { DynamoSessionStore } = await import('../../dist/runtime/express.js')
  return new DynamoSessionStore({ tableName: 'ours', touchInterval: 0, ...options })
}

function theirs() {
  const require = createRequire(new URL('../package.json', import.meta.url))
  const DynamoDBStore = require('connect-dynamodb')(session)
  return new DynamoDBStore({ table: 'theirs', initialized: true })
}

function rawUsers(pool) {
  return Array.from({ length: Math.max(...IN_FLIGHT) }, (_, index) => {
    const Key = { session_id: { S: idOf(index) } }
    const write = {
      TableName: 'ours',
      Key,
      UpdateExpression: 'SET #n0 = :v0, #n1 = :v1',
      ExpressionAttributeNames: { '#n0': 'updated_at', '#n1': 'expire_at' },
      ExpressionAttributeValues: { ':v0': { S: '1763832000.123456123456789' }, ':v1': { N: '1765041600' } },
    }
    const data = { S: JSON.stringify({ user_id: 4711, note: 'x'.repeat(400) }) }
    const whole = { ...write, ExpressionAttributeValues: { ...write.ExpressionAttributeValues, ':v2': data } }
    return {
      get: () => post(pool, 'GetItem', JSON.stringify({ TableName: 'ours', Key, ConsistentRead: true })),
      touch: () => post(pool, 'UpdateItem', JSON.stringify(write)),
      set: () => post(pool, 'UpdateItem', JSON.stringify(whole)),
    }
  })
}

/** By undici's cheapest interface, without a promise or a stream for the body. */
function post(pool, operation, body) {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` }
  return new Promise((resolve, reject) => {
    const chunks = []
    pool.dispatch(
      { path: '/', method: 'POST', headers, body },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve(JSON.parse(Buffer.concat(chunks))),
        onResponseError: (_, error) => reject(error),
      },
    )
  })
}

function idOf(index) {
  return `Zq9wXyz0123456789abcdefghij${String(index).padStart(5, '0')}`
}

function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })
}
