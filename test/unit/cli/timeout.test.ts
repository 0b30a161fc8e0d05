import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { cleanCommand } from '../../../runtime/cli/commands/clean.js'
import { createTableCommand } from '../../../runtime/cli/commands/create-table.js'
import { deleteTableCommand } from '../../../runtime/cli/commands/delete-table.js'
import { destroyCommand } from '../../../runtime/cli/commands/destroy.js'
import { doctorCommand } from '../../../runtime/cli/commands/doctor.js'
import { listCommand } from '../../../runtime/cli/commands/list.js'
import { showCommand } from '../../../runtime/cli/commands/show.js'
import { statsCommand } from '../../../runtime/cli/commands/stats.js'
import { type TimeoutOptions, timeoutOf } from '../../../runtime/cli/timeout.js'
import { messageOf } from '../../../runtime/errors.js'
import type { Logger } from '../../../runtime/logger.js'
import { type Stub, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { tableAnswer } from '../../support/raw-table.js'
import { type RecordingLogger, recordingLogger } from '../../support/recording-logger.js'

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())

/** An application whose DynamoDB takes requests and never answers. */
beforeEach(() => {
  environmentWith()
  stub.reset()
  stub.answer(() => {})
  const yaml = `endpoint: ${stub.endpoint}\nregion: us-east-1\nmax_stale: 60\nindex_keys: [user_id]\nrequest_timeout: 1\n`
  currentFolderWith({ 'config/dynamo_session_store.yml': yaml })
})

type Run = (options: TimeoutOptions, logger: RecordingLogger) => Promise<void>

const by = 'user_id=42'
const screen = { isTTY: false } as never
const clean = (json: boolean): Run => {
  return (options, logger) => cleanCommand({ ...options, json }, logger, screen, json ? asideOf(logger) : logger)
}
const COMMANDS: readonly [string, string, Run][] = [
  ['create-table', 'DescribeTable', createTableCommand],
  ['delete-table', 'DeleteTable', (options, logger) => deleteTableCommand({ ...options, yes: true }, logger)],
  ['list', 'Query', (options, logger) => listCommand({ ...options, by }, logger)],
  [
    'list --scan --json',
    'Scan',
    (o, logger) => listCommand({ ...o, by, scan: true, json: true }, logger, asideOf(logger)),
  ],
  ['list without --by', 'Scan', (options, logger) => listCommand({ ...options }, logger)],
  [
    'show',
    'GetItem',
    (options, logger) => showCommand(options, logger, asideOf(logger), { input: typed(), output: process.stderr }),
  ],
  [
    'show by hash',
    'Scan',
    (options, logger) =>
      showCommand({ ...options, session: '5f1c02a1b2c3d4e5' }, logger, asideOf(logger), undefined, screen),
  ],
  ['stats', 'DescribeTable', (options, logger) => statsCommand(options, logger, asideOf(logger), screen)],
  ['destroy', 'Query', (options, logger) => destroyCommand({ ...options, by }, logger)],
  ['destroy --dry-run', 'Query', (options, logger) => destroyCommand({ ...options, by, dryRun: true }, logger)],
  ['clean', 'Scan', clean(false)],
  ['clean --json', 'Scan', clean(true)],
  ['doctor', 'DescribeTable', doctorCommand],
]

/** A session id on standard input. */
function typed(): Readable {
  return Readable.from(['an-id\n'])
}

/** Warnings only: with --json, standard output is for the result. */
function asideOf({ warn }: RecordingLogger): Logger {
  return { info() {}, warn }
}

describe.each(COMMANDS)('dynamo-session %s, when DynamoDB does not respond', (name, operation, run) => {
  it('ends after --timeout, and names the request, the endpoint and --timeout', async () => {
    const logger = recordingLogger()
    const error = await run({ timeout: '0.1' }, logger).then(
      () => expect.unreachable(),
      (reason: unknown) => reason,
    )
    const text = name === 'doctor' ? logger.lines.join('\n') : messageOf(error)
    expect(text).toContain(`dynamodb:${operation} for table "sessions" failed: no response within 0.1 seconds`)
    expect(text).toContain(`from DynamoDB at ${stub.endpoint}`)
    expect(text).toContain('with --timeout')
    expect(text).not.toMatch(/\n +at /)
    if (name.includes('--json')) expect(logger.lines).toEqual([])
  })

  it('says after 3 seconds what it waits for, and waits for 30 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const asked = new Promise<void>((resolve) => stub.answer(() => resolve()))
    const logger = recordingLogger()
    let failure: unknown
    const end = run({}, logger).catch((error: unknown) => {
      failure = error
    })
    await asked
    await vi.advanceTimersByTimeAsync(2900)
    expect(logger.warnings).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    const isClean = name.startsWith('clean')
    const waiting = (request: string) =>
      `waiting for the response to ${request} from DynamoDB at ${stub.endpoint} (30 seconds at most)`
    expect(logger.warnings).toEqual([waiting(isClean ? 'DescribeTable' : operation)])
    await vi.advanceTimersByTimeAsync(26_900)
    expect(failure).toBeUndefined()
    await vi.advanceTimersByTimeAsync(100)
    // It goes on without the number of items.
    while (isClean && !failure) await vi.advanceTimersByTimeAsync(1000)
    await end
    expect(failure).toBeInstanceOf(Error)
    expect(logger.warnings.filter((line) => line.startsWith('waiting'))).toHaveLength(1)
    if (!isClean) return
    expect(messageOf(failure)).toMatch(
      /^cleaning makes no progress: no request has succeeded for \d+ seconds; sessions/,
    )
    if (name === 'clean') expect(logger.lines.filter((line) => line.startsWith('waiting'))).toEqual([waiting('Scan')])
  })
})

describe('dynamo-session doctor, when DynamoDB responds only to DescribeTable', () => {
  const sent: string[] = []
  beforeEach(() => {
    sent.length = 0
    stub.answer((request, response) => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      sent.push(operation)
      if (operation === 'DescribeTable') sendJson(response, tableAnswer('sessions', 'ACTIVE'))
    })
  })

  it('sends one request at most for the clock', async () => {
    const logger = recordingLogger()
    await expect(doctorCommand({ timeout: '0.2' }, logger)).rejects.toThrow('doctor found')
    expect(sent.filter((operation) => operation === 'GetItem')).toHaveLength(2)
    expect(logger.lines.join('\n')).toContain('no response came in time')
  })

  it('says what it waits for only once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const logger = recordingLogger()
    let ended = false
    doctorCommand({}, logger).catch(() => {
      ended = true
    })
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve))
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(logger.warnings).toEqual([expect.stringContaining('the response to GetItem')])
  })
})

describe('--timeout', () => {
  it('is seconds', () => {
    expect(timeoutOf({})).toBeUndefined()
    expect(timeoutOf({ timeout: '90' })).toBe(90_000)
    expect(timeoutOf({ timeout: '0.5' })).toBe(500)
  })

  it.each(['0', '-1', 'x', '', '1e3', '1s', '0.0001', '2147484'])(
    'refuses %j before anything is sent',
    async (timeout) => {
      for (const [, , run] of COMMANDS) {
        await expect(run({ timeout }, recordingLogger())).rejects.toThrow(
          `--timeout: must be seconds, 0.001 to 2147483.647, not "${timeout}"`,
        )
      }
      expect(stub.requests).toEqual([])
    },
  )
})
