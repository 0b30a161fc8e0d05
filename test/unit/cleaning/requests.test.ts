import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { CleaningRequests } from '../../../runtime/cleaning/requests.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { TableWork } from '../../../runtime/table/table-work.js'
import { sleepUntilAborted } from '../../support/quick-sleep.js'
import { recordingLogger } from '../../support/recording-logger.js'

function requestsOf(signal: AbortSignal) {
  const logger = recordingLogger()
  const client = { send: async () => ({}) } as never
  const work = new TableWork(resolveConfiguration({}, {}), client, { logger })
  return { requests: new CleaningRequests(work, { rate: undefined, signal }), logger }
}

it('ends a pause between two attempts at once when cleaning is stopped', async () => {
  sleepUntilAborted()
  const stop = new AbortController()
  const { requests, logger } = requestsOf(stop.signal)
  const paused = requests.pause(5, new Error('busy'))
  setTimeout(() => stop.abort())
  expect(await paused).toBe(false)
  expect(logger.lines).toEqual(['trying again: busy'])
})

it('throws the failure after eight attempts', async () => {
  const { requests } = requestsOf(new AbortController().signal)
  await expect(requests.pause(7, new Error('busy'))).rejects.toThrow('busy')
})

describe('cleaning that makes no progress', () => {
  /** Requests that take 30 seconds each, and fail while `fails` is true. */
  function slowRequests() {
    let time = 1_000_000
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => time)
    onTestFinished(() => spy.mockRestore())
    const { requests } = requestsOf(new AbortController().signal)
    const request = { fails: true, seconds: 30 }
    const send = (fails = request.fails) =>
      requests.send('Scan', 1, async () => {
        time += request.seconds * 1000
        if (fails) throw Object.assign(new Error('no response'), { name: 'TimeoutError' })
        return {}
      })
    /** A request that is running while others succeed, and fails at `end`. */
    const hang = async (end: Promise<void>) =>
      requests.send('Scan', 1, async () => {
        await end
        throw Object.assign(new Error('no response'), { name: 'TimeoutError' })
      })
    return { send, request, hang }
  }

  it('ends when no request has succeeded within five timeouts', async () => {
    const { send } = slowRequests()
    const error = await send().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'TableRequestError', cause: { name: 'TableRequestError' } })
    expect((error as Error).message).toMatch(
      /^cleaning makes no progress: no request has succeeded for 150 seconds; sessions deleted before stay deleted\. The last failure: dynamodb:Scan for /,
    )
  })

  it('continues while other requests succeed', async () => {
    const { send } = slowRequests()
    let ended = false
    const failing = send(true).finally(() => {
      ended = true
    })
    failing.catch(() => undefined)
    while (!ended) {
      await send(false)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await expect(failing).rejects.toThrow(/^dynamodb:Scan for table/)
  })

  it('continues until five failures, because a rate may delay the attempts', async () => {
    const { send, request } = slowRequests()
    request.seconds = 50
    await expect(send()).rejects.toThrow('no request has succeeded for 250 seconds')
  })

  it('does not count the time before another request succeeded', async () => {
    const { send, hang } = slowRequests()
    let end = () => {}
    const hanging = hang(
      new Promise((resolve) => {
        end = resolve
      }),
    )
    hanging.catch(() => undefined)
    for (let sent = 0; sent < 6; sent += 1) await send(false)
    end()
    await expect(hanging).rejects.toThrow(/^dynamodb:Scan for table/)
  })

  it('continues when requests are refused at once', async () => {
    const { send, request } = slowRequests()
    request.seconds = 1
    await expect(send()).rejects.toThrow(/^dynamodb:Scan for table/)
  })
})
