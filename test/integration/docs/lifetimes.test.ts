import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { envName } from '../../../runtime/configuration/option-table.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { Browser } from '../../support/adapters/browser.js'
import { stop } from '../../support/adapters/listen.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { environmentWith } from '../../support/folder.js'
import { makeTable, readItem } from '../../support/table.js'

const DOCS = join(import.meta.dirname, '../../../docs')
const SECOND = 1000
const HOUR = 3600 * SECOND
const DAY = 24 * HOUR
const UNITS: Readonly<Record<string, number>> = { minute: 60 * SECOND, hour: HOUR, day: DAY }

/** The rows of the table of presets: name of the file, and both lifetimes in milliseconds. */
const PRESETS = [
  ...readFileSync(join(DOCS, 'lifetimes.md'), 'utf8').matchAll(
    /^\| \[.+\]\(#([\w-]+)\) \| (\d+) (\w+?)s? \| (\d+) (\w+?)s? \|/gm,
  ),
].map(([, name = '', idle, idleUnit = '', absolute, absoluteUnit = '']) => ({
  name,
  idle: Number(idle) * (UNITS[idleUnit] ?? Number.NaN),
  absolute: Number(absolute) * (UNITS[absoluteUnit] ?? Number.NaN),
}))

const engine = anyEngine()
const client = engine.client()
const tableName = uniqueTableName()
let proxy: FaultProxy
beforeAll(async () => {
  await makeTable(client, tableName)
  proxy = await startFaultProxy(engine.endpoint)
  proxy.dateBy(() => Date.now())
})
afterEach(() => void vi.useRealTimers())
afterAll(async () => {
  client.destroy()
  await proxy.stop()
})

const setClock = (now: number) => void vi.useFakeTimers({ toFake: ['Date'], now })

/** Leads stores to the table, with a configuration file of the page. */
function configure(preset: string): void {
  environmentWith({
    [envName('configFile')]: join(DOCS, `snippets/lifetimes/${preset}.yml`),
    [envName('endpoint')]: proxy.endpoint,
    [envName('region')]: 'us-east-1',
    [envName('tableName')]: tableName,
  })
}

describe('docs/lifetimes.md', () => {
  it('has four presets', () => {
    expect(PRESETS.map(({ name }) => name)).toEqual(['shop', 'admin-console', 'nist-aal2', 'remember-me'])
  })

  it.each(PRESETS)('ends sessions of $name when it says', async ({ name, idle, absolute }) => {
    configure(name)
    const store = new DynamoSessionStore()
    const patient = new DynamoSessionStore({ maxStale: absolute / SECOND })
    onTestFinished(() => store.close())
    onTestFinished(() => patient.close())
    const start = Date.now()
    await store.set(`idle-${name}`, { user: 'ada' } as never)
    await patient.set(`busy-${name}`, { user: 'ada' } as never)

    setClock(start + idle - SECOND)
    expect(await store.get(`idle-${name}`)).not.toBeNull()
    setClock(start + idle + SECOND)
    expect(await store.get(`idle-${name}`)).toBeNull()

    // The idle lifetime of this store lets one touch stand for many.
    setClock(start + absolute - idle / 2)
    const session = await patient.get(`busy-${name}`)
    await patient.touch(`busy-${name}`, session as never)
    setClock(start + absolute - SECOND)
    expect(await store.get(`busy-${name}`)).not.toBeNull()
    setClock(start + absolute + SECOND)
    expect(await store.get(`busy-${name}`)).toBeNull()
  })

  it('lets the user choose whether the session is remembered', async () => {
    configure('remember-me')
    vi.stubEnv('SESSION_SECRET', 'a secret of thirty-two characters or more')
    const { app, store } = await import('../../../docs/snippets/lifetimes/remember-me.mjs' as string)
    const server = app.listen(0)
    onTestFinished(() => stop(server))
    onTestFinished(() => store.close())
    const signIn = async (fields: string) => {
      const browser = new Browser({ port: server.address().port }, 'connect.sid')
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      await browser.get('/sign-in', { method: 'POST', headers, body: fields })
      return browser
    }
    const start = Date.now()
    const short = await signIn('user=ada')
    const long = await signIn('user=ada&remember=on')
    setClock(start + 0.9 * HOUR)
    expect((await short.get('/')).text).toBe('ada')
    setClock(start + 1.8 * HOUR)
    expect((await short.get('/')).text).toBe('ada')
    setClock(start + 3 * HOUR)
    expect((await short.get('/')).text).toBe('nobody')
    setClock(start + 29 * DAY)
    const { text, setCookie } = await long.get('/')
    expect(text).toBe('ada')
    expect(Date.parse(/Expires=([^;]+)/.exec(setCookie ?? '')?.[1] ?? '')).toBeCloseTo(start + 59 * DAY, -4)
    setClock(start + 58 * DAY)
    expect((await long.get('/')).text).toBe('ada')
    setClock(start + 89 * DAY)
    expect((await long.get('/')).text).toBe('nobody')
  })

  it('begins a new absolute lifetime with a new session', async () => {
    configure('nist-aal2')
    vi.stubEnv(envName('secretKey'), 'a secret of thirty-two characters or more')
    const { sessions, signIn } = await import('../../../docs/snippets/lifetimes/new-session.mjs' as string)
    onTestFinished(() => sessions.close())
    const createdAt = async (cookie: string) => {
      const [, value = ''] = /session=([^;]+)/.exec(cookie) ?? []
      return Number((await readItem(client, tableName, decodeURIComponent(value)))?.created_at?.S) * 1000
    }
    const start = Date.now()
    const first = await sessions.use('', (session: Map<string, string>) => session.set('user', 'ada'))
    setClock(start + HOUR / 2)
    const renewed = await sessions.use(first.setCookie, (_session: unknown, options: { renew: boolean }) => {
      options.renew = true
    })
    expect(await createdAt(renewed.setCookie)).toBeCloseTo(start, -4)
    const again = await sessions.use(renewed.setCookie, (session: unknown) => signIn(session, 'ada'))
    expect(await createdAt(again.setCookie)).toBeCloseTo(start + HOUR / 2, -4)
  })

  it('applies a shorter limit to stored sessions at once, and a longer one with the next write', async () => {
    configure('nist-aal2')
    const stores = Object.fromEntries(
      [600, 3600, 7200].map((maxStale) => [maxStale, new DynamoSessionStore({ maxStale })]),
    )
    onTestFinished(async () => {
      for (const store of Object.values(stores)) await store.close()
    })
    const start = Date.now()
    await stores[3600]?.set('limits', { user: 'ada' } as never)
    setClock(start + 900 * SECOND)
    expect(await stores[600]?.get('limits')).toBeNull()
    const session = await stores[7200]?.get('limits')
    setClock(start + 3700 * SECOND)
    expect(await stores[7200]?.get('limits')).toBeNull()
    setClock(start + 900 * SECOND)
    await stores[7200]?.touch('limits', session as never)
    setClock(start + 7900 * SECOND)
    expect(await stores[7200]?.get('limits')).not.toBeNull()
  })
})
