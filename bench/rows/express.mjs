// Requests a second through Express, and the CPU time of the server for each: three servers in processes of their own,
// with the same stub of DynamoDB, loaded from this process in turn.
import { cookieOf, startExpress } from '../support/express-server.mjs'
import { load } from '../support/load.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const GROUP = 'Express end to end'
const KINDS = ['ours', 'connect-dynamodb', 'ours, batch_reads off', 'ours, touch_interval 0', 'without sessions']
const SESSIONS = 100
/** Requests of each server before the rounds: Node optimizes what it has run often. */
const WARM_UP = 6000
const NOTE =
  'A read-only route, 32 requests in flight from another process, 100 sessions that exist already, cookie of 14 days, ' +
  'resave and saveUninitialized off. connect-dynamodb reads and then writes (touch) at every request; ours writes when ' +
  'the last write of an unchanged session is touch_interval (60 s) old, and reads sessions that are asked for at the ' +
  'same moment with one BatchGetItem, here about 17 of the 32. With batch_reads off it reads one by one, with ' +
  'touch_interval 0 it writes as often, as connect-dynamodb.'

export async function rows({ quick, log }) {
  const seconds = quick ? 0.3 : 2
  const stub = await startStub()
  const servers = await Promise.all(KINDS.map((kind) => startExpress(kind, stub.endpoint)))
  const measures = KINDS.map((kind, index) => [kind, () => measure(kind, servers[index], { seconds, log })])
  try {
    for (const [index, kind] of KINDS.entries()) {
      log(`${kind}: warming up`)
      await loaded(servers[index], (sent) => sent >= (quick ? 100 : WARM_UP))
    }
    const results = await interleaved(quick ? 1 : 7, Object.fromEntries(measures))
    return [
      {
        id: 'express-rate',
        group: GROUP,
        title: 'requests a second',
        unit: '1/s',
        values: field(results, 'rate'),
        goal: { than: 'connect-dynamodb', atLeast: 4.5 },
        note: NOTE,
      },
      {
        id: 'express-cpu',
        group: GROUP,
        title: "CPU time of the server's process for a request",
        unit: 'µs',
        values: field(results, 'cpu'),
        note: NOTE,
      },
    ]
  } finally {
    for (const server of servers) await server.close()
    await stub.close()
  }
}

async function measure(kind, server, { seconds, log }) {
  log(kind)
  const end = performance.now() + seconds * 1000
  const cpu = await server.ask('cpu')
  const done = await loaded(server, () => performance.now() >= end)
  return { rate: done.count / done.seconds, cpu: ((await server.ask('cpu')) - cpu) / done.count }
}

function loaded(server, until) {
  return load(server.url, { until, headers: (number) => COOKIES[number % SESSIONS], body: '{"user":4711}' })
}

const COOKIES = Array.from({ length: SESSIONS }, (_, index) => ({ cookie: cookieOf(`session-${index}`) }))
