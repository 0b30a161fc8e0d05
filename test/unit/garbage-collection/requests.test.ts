import { expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { CleaningRequests } from '../../../runtime/garbage-collection/requests.js'
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

it('raises the failure after eight attempts', async () => {
  const { requests } = requestsOf(new AbortController().signal)
  await expect(requests.pause(7, new Error('busy'))).rejects.toThrow('busy')
})
