// What a `get` costs with and without a subscriber of the channels. A client in memory replaces DynamoDB, so that the
// store's own work takes most of the time.
import { tracingChannel } from 'node:diagnostics_channel'
import { cpuAndRate } from '../support/cpu-and-rate.mjs'
import { applicationEnvironment } from '../support/environment.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const LOOP = 300_000
const NOBODY = 'nobody listens'
const MOST = 1.1
const NOTE = 'The subscriber of the channel load reads the outcome and the figures of each message.'

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick, log }) {
  const stub = await startStub()
  const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'))
  for (const name of names) delete process.env[name]
  Object.assign(process.env, applicationEnvironment(stub.endpoint))
  const { DynamoSessionStore } = await import('../../dist/runtime/express.js')
  const inMemory = new DynamoSessionStore({ tableName: 'sessions', client: clientInMemory() })
  const store = new DynamoSessionStore({ tableName: 'sessions' })
  const senders = (count) => Array.from({ length: count }, (_, index) => () => store.get(`a-session-id-${index}`))
  const parts = [
    ['memory', `${LOOP} in memory, one after another`, [() => inMemory.get('a-session-id')], LOOP / 6],
    ['1', 'get, 1 in flight', senders(1), 4000],
    ['32', 'get, 32 in flight', senders(32), 20_000],
  ]
  try {
    const found = []
    for (const [id, title, some, count] of parts) {
      log(title)
      const requests = quick ? count / 100 : count
      const results = await interleaved(quick ? 1 : 6, {
        ours: () => listening(() => warm(some, requests)),
        [NOBODY]: () => warm(some, requests),
      })
      const goal = { than: NOBODY, atMost: MOST }
      found.push({
        id: `listeners-${id}`,
        group: 'Channels: CPU time of a get',
        title,
        unit: 'µs',
        values: field(results, 'cpu'),
        goal,
        note: NOTE,
      })
    }
    return found
  } finally {
    await Promise.all([store.close(), inMemory.close()])
    await stub.close()
  }
}

/** A new subscriber makes V8 compile some functions again, which an application meets once. */
async function warm(senders, requests) {
  await cpuAndRate(senders, requests / 2)
  return cpuAndRate(senders, requests)
}

async function listening(work) {
  const channel = tracingChannel('dynamo-session-store:load')
  let sum = 0
  const subscriber = {
    asyncEnd({ outcome, attempts = 0, bytes = 0, consumedCapacity = 0 }) {
      if (outcome === 'found') sum += attempts + bytes + consumedCapacity
    },
  }
  channel.subscribe(subscriber)
  try {
    const result = await work()
    if (sum === 0) throw new Error('nothing was heard')
    return result
  } finally {
    channel.unsubscribe(subscriber)
  }
}

function clientInMemory() {
  const now = String(Date.now() / 1000)
  const item = {
    session_id: { S: 'a-session-id' },
    data: { S: JSON.stringify({ user_id: 4711, note: 'x'.repeat(400) }) },
    created_at: { S: now },
    updated_at: { S: now },
  }
  const $metadata = { attempts: 1, httpStatusCode: 200 }
  const ConsumedCapacity = { CapacityUnits: 1 }
  return { config: {}, send: async () => ({ $metadata, ConsumedCapacity, Item: { ...item } }) }
}
