import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { collectGarbage } from '../../../runtime/cleaning/collect-garbage.js'
import { timestamp } from '../../../runtime/session/item/timestamp.js'
import { CREDENTIALS, type Stub, sendError, sendJson, sendSuccess, startStub } from '../../support/dynamodb-stub.js'
import { sleepUntilAborted } from '../../support/quick-sleep.js'

let stub: Stub
beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())

/** 75 expired sessions: three batches. */
const ITEMS = Array.from({ length: 75 }, (_, index) => ({
  session_id: { S: `expired${index}` },
  updated_at: { S: timestamp(Date.now() - 100_000) },
}))

it('ends the other batches at once when a batch fails, also in a pause', { timeout: 10_000 }, async () => {
  sleepUntilAborted()
  const batches: { size: number; response: ServerResponse }[] = []
  stub.answer((request, response) => {
    const { Segment, Statements } = JSON.parse(request.body)
    if (Segment !== undefined) return sendJson(response, { Items: ITEMS, Count: 75, ScannedCount: 75 })
    if (!Statements) return sendSuccess(request, response)
    batches.push({ size: Statements.length, response })
    // After its first success, cleaning sends two batches at once.
    if (batches.length === 1) sendSuccess(request, response)
    if (batches.length === 3) sendThrottled(batches[1])
  })
  const lines: string[] = []
  const logger = {
    info(line: string) {
      lines.push(line)
      const waiting = batches[2]
      if (line.startsWith('trying again') && waiting) sendError(waiting.response, 'ValidationException')
    },
    warn() {},
  }
  const options = { endpoint: stub.endpoint, region: 'eu-central-1', credentials: CREDENTIALS, maxStale: 60 }
  await expect(collectGarbage(options, { segments: 1, trustClock: true, logger })).rejects.toThrow(
    'ValidationException',
  )
  expect(batches.map(({ size }) => size)).toEqual([25, 25, 25])
  expect(lines).toEqual([expect.stringContaining('trying again')])
})

it('keeps sessions that are not expired any more when the clock is set back after the scan', async () => {
  onTestFinished(() => void vi.useRealTimers())
  const sizes: number[] = []
  stub.answer((request, response) => {
    const { Segment, Statements } = JSON.parse(request.body)
    if (Segment !== undefined) return sendJson(response, { Items: ITEMS, Count: 75, ScannedCount: 75 })
    sizes.push(Statements.length)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 70_000 })
    sendJson(response, { Responses: Statements.map(() => ({})) })
  })
  const options = { endpoint: stub.endpoint, region: 'eu-central-1', credentials: CREDENTIALS, maxStale: 60 }
  const summary = await collectGarbage(options, { segments: 1, trustClock: true })
  expect(summary).toMatchObject({ deleted: 25, kept: 50, complete: true })
  expect(sizes).toEqual([25])
})

/** The response of a batch that deleted nothing: each of its statements was throttled. */
function sendThrottled(batch: { size: number; response: ServerResponse } | undefined): void {
  const Responses = Array.from({ length: batch?.size ?? 0 }, () => ({ Error: { Code: 'ThrottlingError' } }))
  if (batch) sendJson(batch.response, { Responses })
}
