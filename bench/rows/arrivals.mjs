// Requests through Express that come whether or not earlier ones were answered, at random moments, as those of many users
// do: their time, and the server's CPU time for each.
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { cookieOf, startExpress } from '../support/express-server.mjs'
import { interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const GROUP = 'Express, requests at random moments'
const SINGLE = 'ours, batch_reads off'
/** Requests a second, and the servers that can answer so many. */
const RATES = [
  [300, ['ours', 'connect-dynamodb', SINGLE]],
  [1200, ['ours', SINGLE]],
]
const SESSIONS = 100
const CONNECTIONS = 128
const NOTE =
  'A read-only route. The time of a request counts from the random moment when it should begin (a Poisson process); the ' +
  'load shares two cores with server and stub. Ours reads sessions that are asked for at the same moment with one ' +
  'BatchGetItem; with batch_reads off, one by one.'

export async function rows({ quick, log }) {
  const seconds = quick ? 0.3 : 3
  const stub = await startStub()
  const kinds = RATES[0][1]
  const servers = Object.fromEntries(
    await Promise.all(kinds.map(async (kind) => [kind, await loadable(kind, stub.endpoint)])),
  )
  try {
    for (const kind of kinds) await measure(servers[kind], 200, quick ? 0.3 : 10)
    const found = []
    for (const [rate, those] of RATES) {
      log(`${rate} a second`)
      const measures = those.map((kind) => [kind, () => measure(servers[kind], rate, seconds)])
      found.push(...rowsOf(rate, await interleaved(quick ? 1 : 5, Object.fromEntries(measures))))
    }
    return found
  } finally {
    for (const { server, pool } of Object.values(servers)) {
      await pool.destroy()
      await server.close()
    }
    await stub.close()
  }
}

async function loadable(kind, endpoint) {
  const server = await startExpress(kind, endpoint)
  return { server, pool: new Pool(server.url, { connections: CONNECTIONS, pipelining: 1 }) }
}

/** Milliseconds of all requests in ascending order, and microseconds of the server's CPU time for each. */
async function measure({ server, pool }, rate, seconds) {
  const before = await server.ask('cpu')
  const count = Math.round(rate * seconds)
  const times = []
  let due = performance.now() + 10
  const requests = []
  for (let number = 0; number < count; number += 1) {
    due += (-Math.log(1 - Math.random()) * 1000) / rate
    // Timers are a millisecond late: the last two are waited for by looking at the clock.
    while (performance.now() < due) {
      await (due - performance.now() > 2 ? sleep(1) : new Promise(setImmediate))
    }
    requests.push(send(pool, number, due, times))
  }
  await Promise.all(requests)
  return { cpu: ((await server.ask('cpu')) - before) / count, times: times.toSorted((one, other) => one - other) }
}

async function send(pool, number, due, times) {
  const cookie = cookieOf(`session-${number % SESSIONS}`)
  const { statusCode, body } = await pool.request({ path: '/', method: 'GET', headers: { cookie } })
  const text = await body.text()
  if (text !== '{"user":4711}') throw new Error(`answered ${statusCode} ${text.slice(0, 500)}`)
  times.push(performance.now() - due)
}

function rowsOf(rate, results) {
  const row = (id, what, unit, value) => ({
    id: `arrivals-${rate}-${id}`,
    group: GROUP,
    title: `${rate} a second: ${what}`,
    unit,
    values: Object.fromEntries(Object.entries(results).map(([who, rounds]) => [who, rounds.map(value)])),
    note: NOTE,
  })
  const percentile =
    (share) =>
    ({ times }) =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))]
  return [
    row('p50', 'time, p50', 'ms', percentile(0.5)),
    row('p99', 'time, p99', 'ms', percentile(0.99)),
    row('cpu', "server's CPU time", 'µs', ({ cpu }) => cpu),
  ]
}
