import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CleanOptions, cleanCommand } from '../../../runtime/cli/commands/clean.js'
import { cleanEnvironment } from '../../support/app.js'
import { anyEngine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { currentFolderWith, environmentWith, folderWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { freshTable, makeTable, readItem, writeItem } from '../../support/table.js'
import { openTerminal } from '../../support/terminal.js'

const FILE = 'config/dynamo_session_store.yml'

onEachEngine('dynamo-session clean', (engine) => {
  let proxy: FaultProxy
  const tableName = uniqueTableName()
  beforeEach(async () => {
    environmentWith()
    proxy = await startFaultProxy(engine.endpoint)
    await freshTable(engine.client(), tableName)
  })
  afterEach(() => proxy.stop())

  const yaml = (more: string) => `table_name: ${tableName}\nendpoint: ${proxy.endpoint}\nregion: eu-central-1\n${more}`
  const put = (id: string, age: number) => putSession(engine, tableName, id, age)
  const item = (id: string) => readItem(engine.client(), tableName, id)

  /** Runs the command in an application with this configuration, without a terminal. */
  async function run(options: CleanOptions = {}, more = 'max_stale: 60\n') {
    currentFolderWith({ [FILE]: yaml(more) })
    const logger = recordingLogger()
    const aside = recordingLogger()
    const failure = await cleanCommand(options, logger, new PassThrough(), options.json ? aside : logger).then(
      () => undefined,
      (error: Error) => error,
    )
    return { ...logger, aside: aside.lines, failure }
  }

  it('prints the target, then cleans and prints a summary', async () => {
    await Promise.all([put('dead1', 100), put('dead2', 100), put('live', 1)])
    const { lines, warnings, failure } = await run()
    expect(failure).toBeUndefined()
    expect(lines.slice(0, 5)).toEqual([
      'environment:        development',
      `configuration file: ${FILE}`,
      `table:              ${tableName}`,
      'region:             eu-central-1',
      `endpoint:           ${proxy.endpoint}`,
    ])
    expect(lines.at(-1)).toMatch(/^3 scanned, 2 deleted, 1 kept \(\d+s, [\d.]+ capacity units\)$/)
    expect(warnings).toEqual([])
    expect([await item('dead1'), await item('dead2')]).toEqual([undefined, undefined])
    expect(await item('live')).toBeDefined()
  })

  it('refuses to run without max_age and max_stale, after it printed the target', async () => {
    await put('dead', 1e6)
    const { lines, failure } = await run({}, '')
    expect(failure?.message).toMatch(/^max_age, max_stale: neither is set.*config\/dynamo_session_store\.yml/)
    expect(lines).toHaveLength(5)
    expect(proxy.operations).toEqual([])
    expect(await item('dead')).toBeDefined()
  })

  it('prints only JSON on standard output with --json', async () => {
    await Promise.all([put('dead', 100), put('live', 1)])
    const { lines, aside } = await run({ json: true })
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      scanned: 2,
      dead: 1,
      deleted: 1,
      kept: 1,
      capacityUnits: expect.any(Number),
      seconds: expect.any(Number),
      dryRun: false,
      complete: true,
      stopped: null,
    })
    expect(aside.join('\n')).toContain(`table:              ${tableName}`)
  })

  it('deletes nothing with --dry-run', async () => {
    await put('dead', 100)
    const { lines } = await run({ dryRun: true })
    expect(lines.at(-1)).toContain('dry run: 1 scanned, 1 would be deleted, 0 kept')
    expect(await item('dead')).toBeDefined()
  })

  it('takes --max-items, --segments, --rate and --max-seconds', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => put(`dead${index}`, 100)))
    const { lines } = await run({ maxItems: '3', segments: '1', rate: '500', maxSeconds: '30.5' })
    expect(lines.slice(-2)).toEqual([
      expect.stringContaining('3 deleted'),
      'not finished: --max-items is reached; run it again to go on',
    ])
    const scans = proxy.requests.filter(({ operation }) => operation === 'Scan')
    expect(scans.every(({ input }) => input.TotalSegments === 1 && input.Limit <= 1000)).toBe(true)
    expect((await run({ expireAtOnly: true }, '')).lines.at(-1)).toContain('5 scanned, 0 deleted')
  })

  it('refuses to clean by a wrong clock, and names the option that allows it', async () => {
    await put('dead', 100)
    proxy.dateBy(() => Date.now() - 7_200_000)
    const { failure } = await run()
    expect(failure).toMatchObject({
      name: 'WrongClockError',
      message: expect.stringMatching(/^This machine's clock is 2 h ahead of DynamoDB's.*Set the clock.*--trust-clock/),
    })
    expect(await item('dead')).toBeDefined()
    expect((await run({ trustClock: true })).lines.at(-1)).toContain('1 scanned, 1 deleted')
  })

  it.each([
    [{ segments: '0' }, '--segments: must be a whole number from 1 to 100, not 0'],
    [{ segments: 'many' }, '--segments: must be a whole number from 1 to 100, not "many"'],
    [{ rate: '-5' }, '--rate: must be capacity units a second, more than 0, not "-5"'],
    [{ rate: '' }, '--rate: must be capacity units a second, more than 0, not ""'],
    [{ maxItems: '1e3' }, '--max-items: must be a whole number, at least 1, not "1e3"'],
    [{ maxSeconds: '0' }, '--max-seconds: must be seconds, more than 0, not 0'],
  ])('refuses %j before it does anything', async (options, message) => {
    const { lines, failure } = await run(options)
    expect(failure).toMatchObject({ name: 'ConfigurationError', message })
    expect(lines).toEqual([])
  })

  it('cleans without an ETA when DescribeTable is denied', async () => {
    await put('dead', 100)
    const message = 'User: x is not authorized to perform: dynamodb:DescribeTable on resource: y'
    proxy.inject('DescribeTable', { error: 'AccessDeniedException', message }, { times: 9 })
    const { lines, warnings, failure } = await run()
    expect(failure).toBeUndefined()
    expect(warnings).toEqual([expect.stringMatching(/^no ETA: .*allow dynamodb:DescribeTable/)])
    expect(lines.at(-1)).toContain('1 scanned, 1 deleted')
  })

  it('prints plain lines from time to time where there is no terminal', async () => {
    await Promise.all(Array.from({ length: 6 }, (_, index) => put(`dead${index}`, 100)))
    countItems(proxy, 6)
    const clock = vi.spyOn(performance, 'now')
    onTestFinished(() => clock.mockRestore())
    let now = 0
    clock.mockImplementation(() => (now += 700))
    const { lines } = await run({ segments: '1', rate: '20' })
    expect(lines.slice(5, -1).join('\n')).toMatch(/^\d+\/~6 scanned, \d+ deleted, \d+ kept, \d+\/s, ETA \S+$/m)
    expect(lines.join('')).not.toContain('\u001b')
  })

  it('prints the last progress after a failure', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, index) => put(`dead${index}`, 100)))
    proxy.inject('Scan', { error: 'AccessDeniedException' }, { after: 1, times: 1e9 })
    const { lines, failure } = await run({ segments: '1', rate: '8' })
    expect(failure?.message).toContain('allow dynamodb:Scan')
    expect(lines.at(-1)).toMatch(/^\d+ scanned, \d+ deleted/)
  })
})

describe('the process dynamo-session clean', () => {
  const engine = anyEngine
  const folder = (tableName: string, more = 'max_stale: 60\n', { endpoint } = engine() as { endpoint: string }) =>
    folderWith({ [FILE]: `table_name: ${tableName}\nendpoint: ${endpoint}\nregion: us-east-1\n${more}` })

  async function tableWith(dead: number): Promise<string> {
    const tableName = uniqueTableName()
    await makeTable(engine().client(), tableName)
    await Promise.all(Array.from({ length: dead }, (_, index) => putSession(engine(), tableName, `dead${index}`, 100)))
    return tableName
  }

  /** What runs the sources. */
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const program = join(import.meta.dirname, '../../../runtime/cli/dynamo-session.ts')
  const command = (...args: readonly string[]) => ['--import', tsx, program, 'clean', ...args]

  function start(cwd: string, ...args: readonly string[]) {
    const child = spawn(process.execPath, command(...args), { cwd, env: cleanEnvironment() })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (data) => {
      output.stdout += data
    })
    child.stderr.on('data', (data) => {
      output.stderr += data
    })
    const end = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
      child.on('close', (code) => resolve({ code, ...output })),
    )
    return { child, output, end }
  }

  it('ends with exit code 0, and with --json prints nothing but JSON on standard output', async () => {
    const { code, stdout, stderr } = await start(folder(await tableWith(3)), '--json').end
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('table: ') })
    expect(JSON.parse(stdout)).toMatchObject({ scanned: 3, deleted: 3, complete: true })
  })

  it.each([
    { what: 'no limit is set', more: '', args: [], text: 'error [CONFIGURATION]: max_age, max_stale: neither is set' },
    {
      what: 'a flag is wrong',
      more: 'max_stale: 60\n',
      args: ['--rate', 'x'],
      text: 'error [CONFIGURATION]: --rate: must be',
    },
  ])('ends with exit code 1 when $what', async ({ more, args, text }) => {
    const { code, stderr } = await start(folder(await tableWith(1), more), ...args).end
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(text) })
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it.skipIf(process.platform === 'win32').each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'finishes running requests at %s, prints the summary and ends with exit code %i',
    async (signal, expected) => {
      const tableName = await tableWith(60)
      const { child, end } = start(folder(tableName), '--rate', '10')
      await vi.waitFor(async () => expect(await count(tableName)).toBeLessThan(60), { timeout: 20_000, interval: 50 })
      child.kill(signal)
      const { code, stdout } = await end
      expect(code).toBe(expected)
      expect(stdout).toContain('Stopping after the running requests')
      const [, deleted] = /scanned, (\d+) deleted, \d+ kept \(/.exec(stdout) ?? []
      expect(Number(deleted)).toBe(60 - (await count(tableName)))
      expect(stdout).toContain('not finished: interrupted; run it again to go on')
    },
  )

  it('shows a bar with scanned, deleted, kept, rate and ETA in a terminal, and obeys Ctrl-C', async () => {
    const tableName = await tableWith(60)
    const proxy = await startFaultProxy(engine().endpoint)
    onTestFinished(() => proxy.stop())
    countItems(proxy, 60)
    const terminal = openTerminal(
      process.execPath,
      command('--rate', '10'),
      folder(tableName, 'max_stale: 60\n', proxy),
    )
    await vi.waitFor(
      () => expect(terminal.output()).toMatch(/\[=+-+\] \d+\/~60 scanned, [1-9]\d* deleted, 0 kept, \d+\/s, ETA \d+s/),
      { timeout: 20_000, interval: 50 },
    )
    terminal.type('\u0003')
    await terminal.see('Stopping after the running requests')
    await terminal.see('not finished: interrupted')
    expect(await terminal.exit).toBe(130)
    expect(terminal.output()).toMatch(/\d+ scanned, \d+ deleted, \d+ kept \(\d+s, [\d.]+ capacity units\)/)
  })

  async function count(tableName: string): Promise<number> {
    const { ScanCommand } = await import('@aws-sdk/client-dynamodb')
    const { Count = 0 } = await engine()
      .client()
      .send(new ScanCommand({ TableName: tableName, Select: 'COUNT' }))
    return Count
  }
})

/** As AWS does, while dynalite never counts. */
function countItems(proxy: FaultProxy, ItemCount: number): void {
  proxy.inject('DescribeTable', { change: ({ Table }) => ({ Table: { ...Table, ItemCount } }) })
}

function putSession(
  engine: { client(): Parameters<typeof writeItem>[0] },
  tableName: string,
  id: string,
  age: number,
): Promise<void> {
  const updated_at = { S: (Date.now() / 1000 - age).toFixed(6) }
  return writeItem(engine.client(), tableName, { session_id: { S: id }, data: { S: '{}' }, updated_at })
}
