import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { connectionFor, leanSend } from './both-transports.js'
import { type Stub, sendJson } from './dynamodb-stub.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }
const IN_FLIGHT = 64

/** Sends many requests, some of which fail, and looks for what they leave behind: sockets, listeners, warnings. */
export async function expectNothingLeftBehind(stub: Stub, requests: number): Promise<void> {
  const warnings: Error[] = []
  const warn = (warning: Error) => void warnings.push(warning)
  process.on('warning', warn)
  stub.answer((_, response, count) => {
    if (count % 1000 === 0) response.destroy()
    else sendJson(response, {})
    if (count % 100 === 0) (stub.requests as unknown[]).length = 1
  })
  const connection = connectionFor(stub)
  const send = leanSend(connection)
  const { signal } = new AbortController()
  const add = vi.spyOn(signal, 'addEventListener')
  const remove = vi.spyOn(signal, 'removeEventListener')
  let left = requests
  let failed = 0
  const worker = async () => {
    while (left-- > 0) {
      const options = left % 100 === 0 ? { abortSignal: signal } : undefined
      await send('GetItem', INPUT, options).catch(() => {
        failed += 1
      })
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  process.off('warning', warn)
  expect(failed).toBeLessThan(requests / 1000)
  expect(stub.sockets.size).toBeLessThanOrEqual(50)
  expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
  expect(add.mock.calls.length).toBeGreaterThan(0)
  expect(remove.mock.calls.length).toBeGreaterThanOrEqual(add.mock.calls.length)
  connection.close()
  await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  await sleep(50)
  expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap')).toEqual([])
}
