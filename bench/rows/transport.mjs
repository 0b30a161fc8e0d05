// CPU time and rate of one GetItem, by how it reaches DynamoDB: what `transport: lean` is compared with `client.send`.
import http from 'node:http'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { transportFor } from '../../dist/runtime/dynamodb/transport.js'
import { cpuAndRate } from '../support/cpu-and-rate.mjs'
import { AWS } from '../support/environment.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const IN_FLIGHT = 32
const INPUT = {
  TableName: 'ours',
  Key: { session_id: { S: '4f6c1c6ad9f54d0b9d5c9f4b6f0c7a51' } },
  ConsistentRead: true,
}
/** What the client that a store makes for itself has. */
const TIMEOUTS = { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true }

export async function rows({ quick, log }) {
  const stub = await startStub()
  const client = (options, handler = {}) =>
    new DynamoDBClient({ ...AWS, endpoint: stub.endpoint, requestHandler: { ...TIMEOUTS, ...handler }, ...options })
  const sdk = (options) => {
    const own = client(options)
    return () => own.send(new GetItemCommand(INPUT))
  }
  const lean = (handler) => {
    const transport = transportFor({ transport: 'lean' }, client({}, handler))
    return () => transport.send('GetItem', INPUT)
  }
  const ways = {
    ours: lean({}),
    'client.send': sdk({}),
    'client.send, cacheMiddleware': sdk({ cacheMiddleware: true }),
    // An agent of the application's own keeps undici away, even one that is like the SDK's but for a name.
    "lean, the client's handler": lean({ httpAgent: new http.Agent({ keepAlive: true, maxSockets: 50, name: 'own' }) }),
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
    ].map((row) => ({ ...row, group: `A GetItem, ${IN_FLIGHT} in flight, by how it is sent` }))
  } finally {
    await stub.close()
  }
}

function measure(send, requests) {
  return cpuAndRate(Array(IN_FLIGHT).fill(send), requests)
}
