// CPU time and rate of one GetItem, by how it reaches DynamoDB. `npm run build && node bench/transport.mjs`
//
// The endpoint is a stub in another process that answers at once. Every row runs a short while, in turn, several times;
// what counts are ratios of this process's CPU time, for the machine may be busy with other things.
import { fork } from 'node:child_process'
import http from 'node:http'
import { cpus } from 'node:os'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'

const IN_FLIGHT = 32
const ROUNDS = Number(process.env.ROUNDS ?? 9)
const REQUESTS = Number(process.env.REQUESTS ?? 3000)

const INPUT = {
  TableName: 'sessions',
  Key: { session_id: { S: '4f6c1c6ad9f54d0b9d5c9f4b6f0c7a51' } },
  ConsistentRead: true,
}
const ANSWER = JSON.stringify({
  Item: {
    session_id: INPUT.Key.session_id,
    data: { S: JSON.stringify({ user_id: 4711, flash: [], cart: [{ sku: 'A-1', n: 2 }], note: 'x'.repeat(300) }) },
    created_at: { S: '1763832000.123456123456789' },
    updated_at: { S: '1763832000.123456123456789' },
    expire_at: { N: '1765041600' },
    cookie: { S: '{"originalMaxAge":null,"httpOnly":true,"path":"/"}' },
  },
})

if (process.argv[2] === 'stub') stub()
else await bench()

function stub() {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': Buffer.byteLength(ANSWER),
        'x-amzn-requestid': 'TL0EV4FG0GR9S0RQ7NRAN2ETF7VV4KQNSO5AEMVJF66Q9ASUAAJG',
        'x-amz-crc32': '2745614147',
      })
      response.end(ANSWER)
    })
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.once('disconnect', () => process.exit())
}

async function bench() {
  const { transportFor } = await import('../dist/runtime/dynamodb/transport.js')
  const child = fork(import.meta.filename, ['stub'])
  const port = await new Promise((resolve) => child.once('message', resolve))
  const client = (options) =>
    new DynamoDBClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
      ...options,
    })
  const requestHandler = { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true }
  const timeouts = { requestHandler }
  // An agent of the application's own keeps undici away, even one that is like the SDK's but for a name.
  const agents = () => ({
    requestHandler: { ...requestHandler, httpAgent: new http.Agent({ keepAlive: true, maxSockets: 50, name: 'own' }) },
  })
  const sdk = (options) => {
    const own = client(options)
    return () => own.send(new GetItemCommand(INPUT))
  }
  const lean = (options) => {
    const transport = transportFor({ transport: 'lean' }, client(options))
    return () => transport.send('GetItem', INPUT)
  }
  const only = process.env.ROW
  const rows = [
    ['SDK, default', sdk(timeouts)],
    ['SDK, cacheMiddleware', sdk({ ...timeouts, cacheMiddleware: true })],
    ["lean, the client's request handler", lean(agents())],
    ['lean, undici', lean(timeouts)],
  ]
  if (only) rows.splice(0, rows.length, ...rows.filter((row) => row[0].includes(only)))
  const results = rows.map(() => [])
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [index, [, send]] of rows.entries()) {
      const result = await measure(send)
      if (round >= 0) results[index].push(result)
    }
  }
  child.disconnect()
  print(rows, results)
}

async function measure(send) {
  let left = REQUESTS
  const worker = async () => {
    while (left-- > 0) await send()
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / REQUESTS, rate: REQUESTS / seconds }
}

function print(rows, results) {
  console.log(`Node ${process.version}, ${cpus().length} cores, ${IN_FLIGHT} in flight, median (min–max) of ${ROUNDS}`)
  const base = median(results[0].map(({ cpu }) => cpu))
  for (const [index, [name]] of rows.entries()) {
    const cpu = results[index].map((result) => result.cpu)
    const rate = results[index].map((result) => result.rate)
    const spread = `${Math.min(...cpu).toFixed(0)}–${Math.max(...cpu).toFixed(0)}`
    const ratio = (median(cpu) / base).toFixed(2)
    const columns = [`${median(cpu).toFixed(0)} µs CPU`, `(${spread})`, `${ratio}×`, `${median(rate).toFixed(0)}/s`]
    console.log(`${name.padEnd(36)}${columns.map((column) => column.padStart(12)).join('')}`)
  }
}

function median(values) {
  return values.toSorted((one, other) => one - other)[values.length >> 1]
}
