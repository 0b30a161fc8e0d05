// What a server keeps of the sessions that passed through it.
import { cookieOf, startExpress } from '../support/express-server.mjs'
import { figure } from '../support/figures.mjs'
import { load } from '../support/load.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const KINDS = ['ours', 'connect-dynamodb', 'without sessions']
const GROUP = 'Memory of a server'

export async function rows({ quick, log }) {
  const requests = quick ? 500 : 10_000
  const stub = await startStub()
  try {
    const measures = KINDS.map((kind) => [kind, () => measure(kind, stub, { requests, log })])
    const results = await interleaved(quick ? 1 : 3, Object.fromEntries(measures), { warmUp: false })
    const count = figure(requests, '')
    const goal = { than: 'without sessions', atMostMore: 1000 }
    const note =
      `A new process for each round: Express with one store answers ${count} requests of as many users, 32 in ` +
      `flight, after ${figure(requests / 5, '')} others to warm up. "Kept": how much more of the heap is in use after them than ` +
      'before, both after garbage collection, so below zero now and then; sessions that are held on to would be 1 KB ' +
      'each. Peak: the largest resident set of the process since its start.'
    const row = (id, title, unit, more) => ({
      id: `memory-${id}`,
      group: GROUP,
      title,
      unit,
      values: field(results, id),
      ...more,
      note,
    })
    return [
      row('kept', `heap kept after ${count} requests`, 'KB', { goal }),
      row('heap', 'heap in use after them', 'MB'),
      row('peak', 'peak resident set', 'MB'),
    ]
  } finally {
    await stub.close()
  }
}

async function measure(kind, stub, { requests, log }) {
  log(kind)
  const server = await startExpress(kind, stub.endpoint, ['--expose-gc'])
  try {
    await visit(server, 0, requests / 5)
    const before = await server.ask('memory')
    await visit(server, requests / 5, requests)
    const after = await server.ask('memory')
    return { kept: (after.heap - before.heap) / 1e3, heap: after.heap / 1e6, peak: after.peak / 1e6 }
  } finally {
    await server.close()
  }
}

/** Each request of another user, whose session exists. */
function visit({ url }, from, count) {
  return load(url, {
    until: (sent) => sent >= count,
    headers: (number) => ({ cookie: cookieOf(`session-${from + number}`) }),
    body: '{"user":4711}',
  })
}
