// CPU time and rate of one read of a session, by what sends it: `transport: lean`, `transport: sdk`, a client that the
// application hands over; and by the SDK alone, without a store.
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { DynamoSessionStore } from '../../dist/runtime/express.js'
import { cpuAndRate } from '../support/cpu-and-rate.mjs'
import { AWS, applicationEnvironment } from '../support/environment.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const IN_FLIGHT = 32
const SESSION = '4f6c1c6ad9f54d0b9d5c9f4b6f0c7a51'
const INPUT = { TableName: 'ours', Key: { session_id: { S: SESSION } }, ConsistentRead: true }

export async function rows({ quick, log }) {
  const stub = await startStub()
  Object.assign(process.env, applicationEnvironment(stub.endpoint))
  const { endpoint } = stub
  const ways = {
    ours: readBy({ transport: 'lean' }),
    'transport sdk': readBy({ transport: 'sdk' }),
    'client handed over': readBy({ client: new DynamoDBClient({ ...AWS, endpoint }) }),
    'client.send': sendBy(new DynamoDBClient({ ...AWS, endpoint })),
    'client.send, cacheMiddleware': sendBy(new DynamoDBClient({ ...AWS, endpoint, cacheMiddleware: true })),
  }
  const requests = quick ? 300 : 3000
  const measures = Object.entries(ways).map(([name, send]) => [name, () => measure(send, requests)])
  try {
    log('warming up')
    for (const send of Object.values(ways)) await measure(send, requests)
    log('measuring')
    const results = await interleaved(quick ? 1 : 9, Object.fromEntries(measures))
    return [
      { id: 'transport-cpu', title: 'CPU time', unit: 'µs', values: field(results, 'cpu') },
      { id: 'transport-rate', title: 'requests a second', unit: '1/s', values: field(results, 'rate') },
    ].map((row) => ({
      ...row,
      group: `A session is read, ${IN_FLIGHT} in flight, by what sends the GetItem`,
      note: 'Ours is transport lean, with batch_reads off. The last two send without a store, and leave data as text.',
    }))
  } finally {
    await stub.close()
  }
}

function readBy(options) {
  const store = new DynamoSessionStore({ tableName: 'ours', batchReads: false, ...options })
  return async () => {
    const session = await store.get(SESSION)
    if (session?.user_id !== 4711) throw new Error(`read something else than the session of the stub: ${session}`)
  }
}

function sendBy(client) {
  return () => client.send(new GetItemCommand(INPUT))
}

function measure(send, requests) {
  return cpuAndRate(Array(IN_FLIGHT).fill(send), requests)
}
