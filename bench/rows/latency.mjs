// What a session store adds to the time that the bare request takes, at a fixed rate.
//
// Requests begin at their times whether or not earlier ones have been answered, and their time counts from when they
// should have begun, so that a slow one can't hide those that wait behind it.
import http from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { applicationEnvironment } from '../support/environment.mjs'
import { interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const RATE = 200
const SESSION = '4f6c1c6ad9f54d0b9d5c9f4b6f0c7a51'
const NOTE =
  `One GetItem of a session of 600 bytes, ${RATE} a second, to a stub in another process. Raw: node:http with a ` +
  'kept-alive connection posts the same body, unsigned, and parses the answer. For ours and connect-dynamodb: the ' +
  'percentile of a round less that of raw in the same round.'

export async function rows({ quick, log }) {
  const seconds = quick ? 0.5 : 4
  const stub = await startStub()
  const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'))
  for (const name of names) delete process.env[name]
  Object.assign(process.env, applicationEnvironment(stub.endpoint))
  const reads = { ours: await ours(), 'connect-dynamodb': await theirs(), raw: raw(stub.endpoint) }
  const measures = Object.entries(reads).map(([who, read]) => {
    const measure = () => {
      log(who)
      return timesOf(read, seconds)
    }
    return [who, measure]
  })
  try {
    const results = await interleaved(quick ? 1 : 5, Object.fromEntries(measures))
    return [row('p50', 0.5, results), row('p99', 0.99, results)]
  } finally {
    await stub.close()
  }
}

/** Microseconds of each request, in ascending order. */
async function timesOf(read, seconds) {
  const start = performance.now() + 20
  const requests = Array.from({ length: RATE * seconds }, async (_, index) => {
    const due = start + (index * 1000) / RATE
    // Timers are a millisecond late: the last two are waited for by looking at the clock.
    await sleep(Math.max(0, due - 2 - performance.now()))
    while (performance.now() < due) await new Promise(setImmediate)
    await read()
    return (performance.now() - due) * 1000
  })
  return (await Promise.all(requests)).toSorted((one, other) => one - other)
}

function row(name, share, { raw, ...stores }) {
  const percentile = (times) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  const floor = raw.map(percentile)
  const added = Object.entries(stores).map(([who, rounds]) => {
    return [who, rounds.map((times, round) => percentile(times) - floor[round])]
  })
  return {
    id: `latency-get-${name}`,
    group: `Latency at ${RATE} requests a second`,
    title: `get, ${name}: added to raw`,
    unit: 'µs',
    values: { ...Object.fromEntries(added), 'raw itself': floor },
    note: NOTE,
  }
}

async function ours() {
  const { DynamoSessionStore } = await import('../../dist/runtime/express.js')
  const store = new DynamoSessionStore({ tableName: 'ours' })
  return async () => assertRead(await store.get(SESSION))
}

async function theirs() {
  const require = createRequire(new URL('../package.json', import.meta.url))
  const { default: session } = await import('express-session')
  const DynamoDBStore = require('connect-dynamodb')(session)
  const store = new DynamoDBStore({ table: 'theirs', initialized: true })
  return () =>
    new Promise((resolve, reject) => {
      store.get(SESSION, (error, found) => (error ? reject(error) : resolve(assertRead(found))))
    })
}

function raw(endpoint) {
  const agent = new http.Agent({ keepAlive: true })
  const body = JSON.stringify({ TableName: 'ours', Key: { session_id: { S: SESSION } }, ConsistentRead: true })
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.GetItem',
    'content-length': Buffer.byteLength(body),
  }
  const send = () =>
    new Promise((resolve, reject) => {
      const request = http.request(endpoint, { agent, method: 'POST', headers }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve(JSON.parse(text)))
      })
      request.once('error', reject)
      request.end(body)
    })
  return async () => assertRead(JSON.parse((await send()).Item.data.S))
}

function assertRead(found) {
  if (found?.user_id !== 4711) throw new Error(`read something else than the session of the stub: ${found}`)
}
