import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { type StatsOptions, statsCommand } from '../../../runtime/cli/commands/stats.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { onEachEngine } from '../../support/engines.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { hashesByDefault, storedKey } from '../../support/stored-key.js'
import { writeItem } from '../../support/table.js'

const FILE = 'config/dynamo_session_store.yml'
const SCREEN = { isTTY: false } as never
const LIVE = 30

onEachEngine('dynamo-session stats', (engine) => {
  const options = engine.options()

  beforeAll(async () => {
    await createTable({ ...options, ttl: false })
    const put = (id: string, more: Parameters<typeof writeItem>[2]) =>
      writeItem(engine.client(), options.tableName, { session_id: { S: id }, ...more })
    const hourAgo = { S: String(Math.floor(Date.now() / 1000) - 3600) }
    const times = { created_at: hourAgo, updated_at: hourAgo }
    const data = { S: '{"word":"plum"}' }
    await Promise.all(Array.from({ length: LIVE }, (_, index) => put(`secret-${index}`, { data, ...times })))
    await put('secret-old', { data, ...times, expire_at: { N: '100' } })
    await put('secret-moved', { successor: { S: storedKey('secret-1') }, expire_at: { N: '100' } })
    await put('other', { colour: { S: 'green' } })
    // A session whose key has the other form of hash_session_ids: no request finds it.
    const foreign = hashesByDefault() ? 'secret-plain' : `sha256:${'x'.repeat(43)}`
    const item = { session_id: { S: foreign }, data, ...times }
    await engine.client().send(new PutItemCommand({ TableName: options.tableName, Item: item }))
  })

  beforeEach(() => {
    environmentWith()
    const yaml = `table_name: ${options.tableName}\nendpoint: ${engine.endpoint}\nregion: us-east-1\n`
    currentFolderWith({ [FILE]: yaml })
  })

  async function stats(given: StatsOptions) {
    const [logger, aside] = [recordingLogger(), recordingLogger()]
    await statsCommand(given, logger, aside, SCREEN)
    return { text: logger.lines.join('\n'), aside: [...aside.lines, ...aside.warnings].join('\n') }
  }

  it('counts all items of a small table, and prints neither ids nor data', async () => {
    const { text } = await stats({})
    expect(text).toMatch(new RegExp(`^All ${LIVE + 4} items \\(\\d+ read units\\) in table "${options.tableName}"\n`))
    expect(text).toMatch(new RegExp(`│ sessions +│ +${LIVE} │`))
    expect(text).toMatch(/│ expired, not yet deleted +│ +1 │/)
    expect(text).toMatch(/│ age +│ +1h00m │/)
    expect(text).not.toMatch(/secret|plum|green/)
  })

  it('prints only JSON with --json, with the cost of requests', async () => {
    const { text } = await stats({ json: true, requestsPerDay: '1000000', changedShare: '0', priceReads: '2' })
    const { items, bytes, age_seconds, idle_seconds, creations_a_day, ...rest } = JSON.parse(text)
    expect(items).toEqual({ total: LIVE + 4, live: LIVE, expired: 1, forwarders: 1, others: 2 })
    expect(bytes.p50).toBeGreaterThan(60)
    expect([age_seconds.p95, idle_seconds.largest].map((age) => Math.round(age / 100))).toEqual([36, 36])
    expect(creations_a_day).toHaveLength(14)
    expect(rest.sample).toMatchObject({ scanned: LIVE + 4, whole_table: true })
    expect(rest.requests).toMatchObject({ read_units: 1, write_units: 0, write_dollars_a_month: 0 })
    expect(rest.requests.read_dollars_a_month).toBeCloseTo((365 / 12) * 2, 9)
    expect(rest.prices).toEqual({ storage: 0.25, reads: 2, writes: 0.625 })
    expect(text).not.toMatch(/secret|plum|green/)
  })

  it('reads hardly more than --sample, and estimates the rest', async () => {
    const { text } = await stats({ json: true, sample: '8' })
    const { sample } = JSON.parse(text)
    expect(sample.whole_table).toBe(false)
    expect(sample.scanned).toBeGreaterThanOrEqual(8)
    expect(sample.scanned).toBeLessThanOrEqual(12)
  })

  it('keeps to --rate', async () => {
    const begun = performance.now()
    const { sample } = JSON.parse((await stats({ json: true, sample: '6', rate: '4' })).text)
    const seconds = (performance.now() - begun) / 1000
    expect(sample.scanned).toBeGreaterThanOrEqual(6)
    expect(sample.capacity_units).toBeGreaterThan(2)
    // The first request does not wait.
    expect(seconds).toBeGreaterThan((sample.capacity_units - 1) / 4)
  })

  it('writes a page with --html, and says so beside the result', async () => {
    const { text, aside } = await stats({ html: 'stats.html', json: true })
    expect(JSON.parse(text).items.live).toBe(LIVE)
    expect(aside).toBe('charts: stats.html')
    const page = readFileSync(join(process.cwd(), 'stats.html'), 'utf8')
    expect(page.match(/<svg /g)).toHaveLength(4)
    expect(page).not.toMatch(/secret|plum|green/)
  })

  it.each<[StatsOptions, string]>([
    [{ sample: '0' }, '--sample: must be a whole number, at least 1, not "0"'],
    [{ sample: '1.5' }, '--sample: must be'],
    [{ rate: '0' }, '--rate: must be capacity units a second, more than 0, not "0"'],
    [{ requestsPerDay: '5' }, '--changed-share: is missing'],
    [{ changedShare: '0.5' }, '--requests-per-day: is missing'],
    [{ requestsPerDay: '5', changedShare: '2' }, '--changed-share: must be a number, 0 to 1, not "2"'],
    [{ priceReads: '-1' }, '--price-reads: must be US dollars, such as 0.25, not "-1"'],
    [{ html: 'no/such/stats.html' }, '--html no/such/stats.html: there is no such folder'],
    [{ html: 'config' }, '--html config: must name a file, not a folder'],
  ])('refuses %j before anything is read', async (given, message) => {
    await expect(stats({ ...given, timeout: '5' })).rejects.toThrow(message)
  })

  it('says how to create a missing table', async () => {
    currentFolderWith({
      [FILE]: `table_name: none-${options.tableName}\nendpoint: ${engine.endpoint}\nregion: us-east-1\n`,
    })
    await expect(stats({})).rejects.toThrow(/^table "none-\S+" does not exist; create it with npx umzug up/)
  })
})
