import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { ServerClock as Clock, Moment } from '../../../runtime/dynamodb/server-clock.js'
import { offsetText } from '../../../runtime/dynamodb/server-clock.js'
import { CREDENTIALS, type Stub, sendError, sendJson, startStub } from '../../support/dynamodb-stub.js'

const SECOND = 1000
const HOUR = 3600 * SECOND
const NOW = Date.UTC(2026, 10, 28, 12)

/** Both clocks of a machine, set by the test. */
function machine() {
  const now = { wall: NOW, monotonic: 50 * HOUR }
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: now.wall })
  onTestFinished(() => void vi.useRealTimers())
  const show = () => {
    vi.setSystemTime(now.wall)
    vi.spyOn(performance, 'now').mockReturnValue(now.monotonic)
  }
  onTestFinished(() => void vi.restoreAllMocks())
  show()
  return {
    now: (): Moment => ({ ...now }),
    /** Advances both clocks. For example, the wall clock of a virtual machine that slept advances by 0. */
    passes(wall: number, monotonic = wall) {
      now.wall += wall
      now.monotonic += monotonic
      show()
    },
  }
}

/** A new copy of the module, which warns once. */
async function fresh() {
  vi.resetModules()
  const warnings: string[] = []
  const emitWarning = ((text: string, options?: { code?: string }) => {
    if (options?.code === 'DYNAMO_SESSION_STORE_CLOCK') warnings.push(text)
  }) as typeof process.emitWarning
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation(emitWarning)
  onTestFinished(() => spy.mockRestore())
  const { ServerClock } = await import('../../../runtime/dynamodb/server-clock.js')
  return { clock: new ServerClock(), warnings }
}

describe('the clock of the server', () => {
  async function setUp() {
    const here = machine()
    const { clock, warnings } = await fresh()
    /** A response after `wall` and `monotonic` milliseconds, from a server whose clock is ahead by `offset`. */
    const answer = (offset: number, wall = 20, monotonic = wall, at: Clock = clock) => {
      const sent = here.now()
      const date = new Date(sent.wall + offset).toUTCString()
      here.passes(wall, monotonic)
      at.observe(date, sent)
    }
    return { clock, warnings, here, answer }
  }

  it('is unknown before the first response', async () => {
    const { clock } = await setUp()
    expect([clock.status, clock.offset]).toEqual(['unknown', undefined])
  })

  it.each([0, 299 * SECOND, -299 * SECOND])(
    "shows with one response that this machine's clock, %d ms off, is right",
    async (offset) => {
      const { clock, answer, warnings } = await setUp()
      answer(offset)
      expect(clock.status).toBe('right')
      expect(Math.abs(Number(clock.offset) - offset)).toBeLessThan(SECOND)
      expect(warnings).toEqual([])
    },
  )

  it.each([302 * SECOND, -302 * SECOND, 7 * HOUR])(
    "shows only with two responses in a row that this machine's clock is %d ms off",
    async (offset) => {
      const { clock, answer, warnings } = await setUp()
      answer(offset)
      expect(clock.status).toBe('unknown')
      answer(0)
      answer(offset)
      expect(clock.status).toBe('unknown')
      expect(warnings).toEqual([])
      answer(offset)
      expect(clock.status).toBe('wrong')
      expect(Math.abs(Number(clock.offset) - offset)).toBeLessThan(SECOND)
    },
  )

  it('warns once per process, and says what to do', async () => {
    const { clock, answer, warnings } = await setUp()
    const { ServerClock } = await import('../../../runtime/dynamodb/server-clock.js')
    const other = new ServerClock()
    for (const at of [clock, clock, other, other, clock]) answer(-(HOUR + 5 * 60 * SECOND), 20, 20, at)
    expect([clock.status, other.status]).toEqual(['wrong', 'wrong'])
    expect(warnings).toEqual([
      expect.stringMatching(/^This machine's clock is 1 h 5 min ahead of DynamoDB's\. .*Set the clock/),
    ])
  })

  it('is right again after one right response', async () => {
    const { clock, answer } = await setUp()
    answer(HOUR)
    answer(HOUR)
    answer(0)
    expect(clock.status).toBe('right')
  })

  it('is not compared by responses without a valid date', async () => {
    const { clock, here, answer, warnings } = await setUp()
    for (const date of [undefined, '', 'yesterday', undefined]) clock.observe(date, here.now())
    expect([clock.status, clock.isSilent]).toEqual(['unknown', true])
    answer(0)
    expect([clock.status, clock.isSilent]).toEqual(['right', false])
    expect(warnings).toEqual([])
  })

  it.each([
    ['was stopped and goes on (SIGSTOP, SIGCONT)', 2 * HOUR, 2 * HOUR],
    ['was frozen with its machine, whose monotonic clock stood still', 2 * HOUR, 20],
    ['got a clock that was set back', -2 * HOUR, 20],
    ['waited for an answer for 2 seconds', 2 * SECOND, 2 * SECOND],
    ['waited for half a minute, in which its clock was set back by little less', SECOND, 30 * SECOND],
  ])('ignores the old responses that a process reads after it %s', async (_, wall, monotonic) => {
    const { clock, answer, warnings } = await setUp()
    for (let count = 0; count < 3; count += 1) answer(-HOUR, wall, monotonic)
    expect(clock.status).toBe('unknown')
    expect(warnings).toEqual([])
  })

  it.each([3 * HOUR, -3 * HOUR, 61 * SECOND])(
    "is unknown again after this machine's clock is set, by %d ms",
    async (step) => {
      const { clock, here, answer } = await setUp()
      answer(0)
      here.passes(HOUR)
      expect([clock.status, clock.steps]).toEqual(['right', 0])
      here.passes(20 + step, 20)
      expect([clock.status, clock.offset, clock.steps]).toEqual(['unknown', undefined, 1])
      answer(-step)
      answer(-step)
      expect(clock.status).toBe(Math.abs(step) > HOUR ? 'wrong' : 'right')
    },
  )
})

describe.each(['lean', 'sdk'] as const)('responses on transport %s', (transport) => {
  let stub: Stub
  beforeAll(async () => {
    stub = await startStub()
  })
  afterEach(() => stub.reset())
  afterAll(() => stub.stop())

  /** Sends requests with a new connection. Responses have the date `offset` from now, or none. */
  async function setUp(offset: number | undefined, options: Options = {}) {
    const { warnings } = await fresh()
    const { Connection } = await import('../../../runtime/dynamodb/connection.js')
    const { client } = options
    const own = { endpoint: stub.endpoint, region: 'eu-central-1', credentials: CREDENTIALS, transport }
    const connection = new Connection(resolveConfiguration(client ? { client } : { ...own, ...options }))
    onTestFinished(() => {
      connection.close()
      client?.destroy()
    })
    const date = () => (offset === undefined ? {} : { date: new Date(Date.now() + offset).toUTCString() })
    const input = { TableName: 'sessions', Key: { session_id: { S: 'x' } } }
    const get = () => connection.transport.send('GetItem', input)
    return { clock: connection.clock, warnings, get, date, isLean: () => connection.transport.isLean }
  }

  it('are all compared by their date', async () => {
    const { clock, warnings, get, date, isLean } = await setUp(HOUR)
    stub.answer((_, response) => sendJson(response, {}, 200, date()))
    await get()
    expect(isLean()).toBe(transport === 'lean')
    expect([clock.status, Math.round(Number(clock.offset) / HOUR)]).toEqual(['unknown', 1])
    await get()
    expect(clock.status).toBe('wrong')
    expect(warnings).toHaveLength(1)
  })

  it.each([{}, { cacheMiddleware: true }])("of the application's client are compared too (%j)", async (config) => {
    const client = stub.client(config)
    const stack = client.middlewareStack.identify()
    const { clock, get, date } = await setUp(HOUR, { client })
    stub.answer((_, response) => sendJson(response, {}, 200, date()))
    for (let count = 0; count < 2; count += 1) await get()
    expect(clock.status).toBe('wrong')
    expect(client.middlewareStack.identify()).toEqual(stack)
  })

  it('are compared even if they are errors, or repeated', async () => {
    const { clock, get, date } = await setUp(0, { maxAttempts: 2 })
    stub.answer((_, response) => sendJson(response, {}))
    await get()
    expect([clock.status, clock.isSilent]).toEqual(['unknown', true])
    stub.answer((_, response) => {
      for (const [name, value] of Object.entries(date())) response.setHeader(name, value)
      sendError(response, 'AccessDeniedException')
    })
    await expect(get()).rejects.toMatchObject({ name: 'AccessDeniedException' })
    expect([clock.status, clock.isSilent]).toEqual(['right', false])
  })

  it('are not compared without a date', async () => {
    const { clock, warnings, get } = await setUp(undefined)
    for (let count = 0; count < 3; count += 1) await get()
    expect([clock.status, clock.isSilent]).toEqual(['unknown', true])
    expect(warnings).toEqual([])
  })
})

it.each([
  [3_905_000, '1 h 5 min behind'],
  [-7_200_000, '2 h ahead of'],
  [-7_199_000, '2 h ahead of'],
  [-12_400, '12 s ahead of'],
  [301_000, '5 min behind'],
  [90_000_000, '25 h behind'],
  [200, '0 s behind'],
])('calls an offset of %d ms "%s"', (offset, text) => {
  expect(offsetText(offset)).toBe(text)
})
