import { expect, it, onTestFinished, vi } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { CleaningRequests } from '../../../runtime/garbage-collection/requests.js'
import { TableWork } from '../../../runtime/table/table-work.js'
import { recordingLogger } from '../../support/recording-logger.js'

function requestsOf(signal: AbortSignal) {
  const logger = recordingLogger()
  const client = { send: async () => ({}) } as never
  const work = new TableWork(resolveConfiguration({}, {}), client, { logger })
  return { requests: new CleaningRequests(work, { rate: undefined, signal }), logger }
}

it('ends a pause between two attempts at once when cleaning is stopped', async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(1)
  onTestFinished(() => random.mockRestore())
  const stop = new AbortController()
  const { requests, logger } = requestsOf(stop.signal)
  setTimeout(() => stop.abort(), 50)
  const started = performance.now()
  expect(await requests.pause(5, new Error('busy'))).toBe(false)
  expect(performance.now() - started).toBeLessThan(1000)
  expect(logger.lines).toEqual(['trying again: busy'])
})

it('raises the failure after eight attempts', async () => {
  const { requests } = requestsOf(new AbortController().signal)
  await expect(requests.pause(7, new Error('busy'))).rejects.toThrow('busy')
})
