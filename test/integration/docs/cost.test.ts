import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import express from 'express'
import session from 'express-session'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { createTable, type Options } from '../../../runtime/index.js'
import { DEFAULT_PRICES, PRICES_SINCE } from '../../../runtime/statistics/cost.js'
import { Browser } from '../../support/adapters/browser.js'
import { listen, stop } from '../../support/adapters/listen.js'
import { onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'

const ROOT = join(import.meta.dirname, '../../..')
const PAGE = readFileSync(join(ROOT, 'docs/cost.md'), 'utf8')
const CONCEPTS = readFileSync(join(ROOT, 'docs/concepts.md'), 'utf8')

interface Units {
  readonly reads: number
  readonly writes: number
}

interface Scenario {
  /** The last of these requests is measured. */
  readonly paths: readonly string[]
  readonly options?: Options
  /** Bytes of the whole item, more or less. */
  readonly size?: number
}

const INDEXED = { indexKeys: ['user_id'] }
const ENCRYPTED = { encryptionKeys: [`key:${Buffer.alloc(32, 1).toString('base64')}`] }
const PESSIMISTIC = { locking: 'pessimistic' } as const

/** By the first column of the page's tables. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'has no session': { paths: ['/'] },
  'only reads the session': { paths: ['/in', '/'] },
  'only reads the session, and a touch is due': { paths: ['/in', 'later', '/'] },
  'changes the session': { paths: ['/in', '/change'] },
  "signs in, with Express' `regenerate`": { paths: ['/in'] },
  'signs out': { paths: ['/in', '/out'] },
  '0.5 KB': { paths: ['/in', '/change'], size: 512 },
  '1.5 KB': { paths: ['/in', '/change'] },
  '3.5 KB': { paths: ['/in', '/change'], size: 3584 },
  '10.5 KB': { paths: ['/in', '/change'], size: 10_752 },
  '`consistent_read: false`, only reads': { paths: ['/in', '/'], options: { consistentRead: false } },
  '`touch_interval: 0`, only reads': { paths: ['/in', '/'], options: { touchInterval: 0 } },
  '`locking: pessimistic`, only reads': { paths: ['/in', '/'], options: PESSIMISTIC },
  '`locking: pessimistic`, changes': { paths: ['/in', '/change'], options: PESSIMISTIC },
  '`encryption_keys`, changes': { paths: ['/in', '/change'], options: ENCRYPTED },
  '`index_keys: [user_id]`, changes another key': { paths: ['/in', '/change'], options: INDEXED },
  '`index_keys: [user_id]`, signs in': { paths: ['/in'], options: INDEXED },
  '`index_keys: [user_id]`, signs out': { paths: ['/in', '/out'], options: INDEXED },
}

/** The rows of the tables of units: `| request | 1 | 2 | 1.375 |`. */
const ROWS = [...PAGE.matchAll(/^\| (.+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$/gm)].map(
  ([, title = '', reads, writes, dollars]) => ({ title, reads: Number(reads), writes: Number(writes), dollars }),
)
const TOUCHES = [...PAGE.matchAll(/^\| `(\d+)` \| (\d+) \| ([\d.]+) \|$/gm)].map(([, interval, touches, dollars]) => ({
  touchInterval: Number(interval),
  touches: Number(touches),
  dollars: Number(dollars),
}))

/** By the first column of the table of requests in docs/concepts.md. */
const REQUESTS_OF: Readonly<Record<string, readonly string[]>> = {
  'without a cookie, or with a wrongly signed one': ['/'],
  'reads the session': ['/in', '/'],
  'reads the session, and its last write is older than `touch_interval`': ['/in', 'later', '/'],
  'changes the session': ['/in', '/change'],
  'stores something in a new session': ['/change'],
  'signs out': ['/in', '/out'],
}

/** How many requests the table of touches is about. */
const REQUESTS = 20

/** Dollars for a million requests. */
const priceOf = ({ reads, writes }: Units) => reads * DEFAULT_PRICES.reads + writes * DEFAULT_PRICES.writes

it('docs/cost.md has the prices of `stats`', () => {
  const { reads, writes, storage } = DEFAULT_PRICES
  const text = PAGE.replaceAll('\n', ' ')
  expect(text).toContain(`since ${PRICES_SINCE}`)
  expect(text).toContain(`A million read units cost $${reads}, a million write units $${writes}.`)
  expect(text).toContain(`A GB of storage costs $${storage} a month`)
  expect(ROWS.map(({ title, dollars }) => [title, Number(dollars)])).toEqual(
    ROWS.map((row) => [row.title, priceOf(row)]),
  )
  expect(ROWS.map(({ title }) => title)).toEqual(Object.keys(SCENARIOS))
  expect(TOUCHES.map(({ dollars }) => dollars)).toEqual(
    TOUCHES.map(({ touches }) => priceOf({ reads: 1, writes: (2 * touches) / REQUESTS })),
  )
})

it('docs/cost.md has the figures of npm run bench', () => {
  const { rows } = JSON.parse(readFileSync(join(ROOT, 'bench/results.json'), 'utf8'))
  const measured = (id: string) => rows.find((row: { id: string }) => row.id === id).values
  const [reads, writes] = ['read', 'write'].map((kind) => measured(`capacity-typical-${kind}-units`))
  for (const [store, key] of [
    ['this package', 'ours'],
    ['connect-dynamodb', 'connect-dynamodb'],
  ] as const) {
    const units = { reads: reads[key][0], writes: writes[key][0] }
    const dollars = priceOf({ reads: units.reads / 1000, writes: units.writes / 1000 })
    const [read, write] = [units.reads, units.writes].map((value) => value.toLocaleString('en-US').replace(',', ' '))
    expect(PAGE).toContain(`| ${store} | ${read} | ${write} | ${dollars} |`)
  }
  const compressed = measured('compress-write-units')
  const read = measured('compress-read-units')
  expect(PAGE.replaceAll(/\s+/g, ' ')).toContain(
    `takes ${compressed.gzip} write units instead of ${compressed.none}, and ${read.gzip} read unit instead of ${read.none}`,
  )
})

const CHANNEL = 'tracing:dynamo-session-store:request:asyncEnd'

onEachEngine('docs/cost.md', (engine) => {
  const { tableName, region, ...patience } = engine.options()
  let proxy: FaultProxy
  let consumed: { reads: number; writes: number }
  let stopCounting: () => void
  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    proxy.dateBy(() => Date.now())
    await createTable({ ...engine.options(), tableName, ...INDEXED, ttl: false })
    const { units, count } = await import('../../../docs/snippets/cost/count-units.mjs' as string)
    consumed = units
    stopCounting = () => void unsubscribe(CHANNEL, count)
    // The program subscribes once for the process. No listener may be left behind for other files.
    stopCounting()
    subscribe(CHANNEL, count)
  })
  beforeEach(() => void vi.useRealTimers())
  afterAll(async () => {
    vi.useRealTimers()
    stopCounting()
    await proxy.stop()
  })

  function storeWith(options: Options): DynamoSessionStore {
    const reaching = { ...patience, tableName, region, endpoint: proxy.endpoint }
    const store = new DynamoSessionStore({ ...reaching, maxStale: 14 * 86_400, ...options })
    onTestFinished(() => store.close())
    return store
  }

  async function unitsOf(work: () => Promise<unknown>): Promise<Units> {
    const before = { ...consumed }
    await work()
    await proxy.quiet()
    return { reads: consumed.reads - before.reads, writes: consumed.writes - before.writes }
  }

  async function browserOf(options: Options, text: string): Promise<Browser> {
    const app = express()
    app.use(session({ store: storeWith(options), secret: 'a secret', resave: false, saveUninitialized: false }))
    app.get('/in', (request, response, next) =>
      request.session.regenerate((error) => {
        if (error) return next(error)
        Object.assign(request.session, { user_id: 42, text })
        response.send('in')
      }),
    )
    app.get('/change', (request, response) => {
      Object.assign(request.session, { seen: true })
      response.send('changed')
    })
    app.get('/out', (request, response, next) =>
      request.session.destroy((error) => (error ? next(error) : response.send('out'))),
    )
    app.get('/', (_request, response) => void response.send('read'))
    const server = createServer(app)
    const browser = new Browser({ port: await listen(server) }, 'connect.sid')
    onTestFinished(() => stop(server))
    return browser
  }

  async function visit(browser: Browser, paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      if (path === 'later') vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
      else await browser.get(path)
    }
    await proxy.quiet()
  }

  // dynalite does not count what an index consumes.
  const counted = ROWS.filter(({ title }) => engine.name === 'DynamoDB Local' || !/index_keys.*signs/.test(title))
  it.each(counted)('says what a request consumes: $title', async ({ title, reads, writes }) => {
    const { paths, options = {}, size = 1536 } = SCENARIOS[title] ?? { paths: [] }
    const browser = await browserOf(options, 'x'.repeat(size - 300))
    await visit(browser, paths.slice(0, -1))
    expect(await unitsOf(() => browser.get(paths.at(-1) ?? ''))).toEqual({ reads, writes })
  })

  it.each(Object.entries(REQUESTS_OF))('as docs/concepts.md says, a request that %s', async (title, paths) => {
    const row = CONCEPTS.split('\n').find((line) => line.startsWith(`| ${title} | `))
    const browser = await browserOf({}, 'x')
    await visit(browser, paths.slice(0, -1))
    const before = proxy.operations.length
    await visit(browser, paths.slice(-1))
    expect(row).toBe(`| ${title} | ${proxy.operations.slice(before).join(', ') || 'none'} |`)
  })

  it('says how often an unchanged session is touched', async () => {
    const stores = TOUCHES.map(({ touchInterval }) => storeWith({ touchInterval }))
    const start = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: start })
    const data = { user_id: 42, text: 'x'.repeat(1300) } as never
    await Promise.all(stores.map((store, index) => store.set(`touched-${index}`, data)))
    const touches = stores.map(() => 0)
    for (const [index, store] of stores.entries()) {
      store.on('touch', () => {
        touches[index] = (touches[index] ?? 0) + 1
      })
    }
    for (let request = 1; request <= REQUESTS; request += 1) {
      // The extra millisecond keeps rounding from deciding.
      vi.setSystemTime(start + request * 30_001)
      for (const [index, store] of stores.entries()) {
        const loaded = await store.get(`touched-${index}`)
        await store.touch(`touched-${index}`, loaded as never)
      }
    }
    expect(touches).toEqual(TOUCHES.map((row) => row.touches))
  })
})
