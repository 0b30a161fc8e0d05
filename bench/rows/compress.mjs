// What the option `compress` saves and costs, for a session of 10 KB.
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { tsImport } from 'tsx/esm/api'
import { createSessionStorage } from '../../dist/runtime/fetch.js'
import { resolveConfiguration } from '../../dist/runtime/index.js'
import { cpuOf } from '../support/cpu-of-calls.mjs'
import { startEngine } from '../support/engine.mjs'
import { AWS } from '../support/environment.mjs'
import { interleaved } from '../support/measure.mjs'
import { startMeteringProxy } from '../support/metering-proxy.mjs'

// dist/ has no file of its own for this module.
const { packData, unpackData } = await tsImport('../../runtime/session/item/compression.ts', import.meta.url)

const FORMS = ['none', 'gzip', 'brotli']
const SIZE = 10 * 1024

export async function rows({ quick, log }) {
  const session = sessionOf(SIZE)
  log('starting an engine')
  const engine = await startEngine()
  try {
    const { units, bytes } = await capacity(session, engine, log)
    log('CPU')
    const { write, read } = await cpu(session, quick ? { rounds: 3, calls: 50 } : { rounds: 9, calls: 1000 })
    return rowsOf({ engine: engine.name, units, bytes, write, read, text: JSON.stringify(session).length })
  } finally {
    await engine.stop()
  }
}

function rowsOf({ engine, units, bytes, write, read, text }) {
  const group = 'A session of 10 KB, by the option compress'
  const note =
    `A shop's session, ${text} bytes of JSON. Units are what ${engine} says that requests consume ` +
    '(ReturnConsumedCapacity): a write unit for each KB, a strongly consistent read unit for each 4 KB. CPU is that of ' +
    'JSON and compressing alone, against some 50 to 200 µs for the request.'
  const row = (id, title, unit, values) => ({ id: `compress-${id}`, group, title, unit, values, note })
  const each = (of) => Object.fromEntries(FORMS.map((compress) => [compress, [of(compress)]]))
  return [
    row(
      'write-units',
      'write units of a save',
      'units',
      each((compress) => units[compress].write),
    ),
    row(
      'read-units',
      'read units of a load',
      'units',
      each((compress) => units[compress].read),
    ),
    row(
      'bytes',
      'data as stored',
      'bytes',
      each((compress) => bytes[compress]),
    ),
    row('write-cpu', 'CPU to make the data of a save', 'µs', write),
    row('read-cpu', 'CPU to read the data of a load', 'µs', read),
  ]
}

/** Creates, finds and changes a session with each form, by the engine's own count. */
async function capacity(session, engine, log) {
  const client = new DynamoDBClient({ ...AWS, endpoint: engine.endpoint })
  const proxy = await startMeteringProxy(engine.endpoint)
  const units = {}
  const bytes = {}
  try {
    for (const compress of FORMS) {
      log(compress)
      const tableName = `sessions-${compress}`
      await createTable(client, tableName)
      const sessions = createSessionStorage({ tableName, compress, endpoint: proxy.endpoint, region: AWS.region })
      units[compress] = await unitsOf(session, sessions, proxy)
      const { S, B } = await packData(JSON.stringify(session), resolveConfiguration({ compress }))
      bytes[compress] = B?.byteLength ?? Buffer.byteLength(S)
    }
  } finally {
    client.destroy()
    await proxy.close()
  }
  return { units, bytes }
}

async function unitsOf(session, sessions, proxy) {
  const created = await sessions.read(null)
  for (const [key, value] of Object.entries({ ...session, visits: 1 })) created.set(key, value)
  const cookie = await sessions.save(created)
  proxy.take()
  const loaded = await sessions.read(cookie)
  const { readUnits: read } = proxy.take()
  loaded.unset('visits')
  await sessions.save(loaded)
  return { read, write: proxy.take().writeUnits }
}

/** Microseconds of CPU, other threads included, from the object to the attribute and back. */
async function cpu(session, { rounds, calls }) {
  const json = JSON.stringify(session)
  const writes = {}
  const reads = {}
  for (const compress of FORMS) {
    const configuration = resolveConfiguration({ compress })
    const data = await packData(json, configuration)
    writes[compress] = () => cpuOf(calls, () => packData(JSON.stringify(session), configuration))
    reads[compress] = () => cpuOf(calls, () => JSON.parse(unpackData(data).text))
  }
  return { write: await interleaved(rounds, writes), read: await interleaved(rounds, reads) }
}

async function createTable(client, tableName) {
  const input = {
    TableName: tableName,
    KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  }
  await client.send(new CreateTableCommand(input))
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: tableName })
}

const WORDS = 'red blue green large small cotton wool shirt shoe lamp table chair book garden kitchen light dark steel'
const SITES = ['/products/', '/categories/', '/search?q=']

/** The session of a shop: what repeats (keys, addresses) as much as in a real one, and what doesn't (tokens, ids) too. */
function sessionOf(bytes) {
  const random = numbers(4711)
  const pick = (all) => all[random(all.length)]
  const hex = (digits) => Array.from({ length: digits }, () => random(16).toString(16)).join('')
  const words = (count) => Array.from({ length: count }, () => pick(WORDS.split(' '))).join(' ')
  const session = {
    user_id: 48213,
    _csrf_token: hex(43),
    locale: 'en-GB',
    flash: { notice: 'The article is in your cart.' },
    profile: {
      name: 'Ada Lovelace',
      email: 'ada@example.org',
      roles: ['customer', 'reviewer'],
      address: { street: '12 St James’s Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' },
    },
    cart: { currency: 'EUR', items: [] },
    recently_viewed: [],
  }
  while (Buffer.byteLength(JSON.stringify(session)) < bytes - 150) {
    session.cart.items.push({
      sku: hex(10).toUpperCase(),
      title: words(5),
      quantity: 1 + random(4),
      unit_price: random(20_000) / 100,
      options: { colour: words(1), size: pick(['S', 'M', 'L']) },
      image: `https://cdn.example.org/images/${hex(16)}.webp`,
      added_at: new Date(1_760_000_000_000 + random(1_000_000_000)).toISOString(),
    })
    session.recently_viewed.push({ path: `${pick(SITES)}${hex(8)}`, at: 1_760_000_000 + random(1_000_000) })
  }
  return session
}

/** The same numbers in every run. */
function numbers(seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
}
