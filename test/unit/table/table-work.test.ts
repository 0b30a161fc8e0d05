import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, expect, it, vi } from 'vitest'
import { workOnTable } from '../../../runtime/table/table-work.js'
import { skipWaits } from '../../support/quick-sleep.js'
import { recordingLogger } from '../../support/recording-logger.js'

const HOUR = 3_600_000
const client = new DynamoDBClient({ region: 'us-east-1' })

afterEach(() => void vi.useRealTimers())

it('does not end its wait when the clock is set forward', async () => {
  await workOnTable({ client }, { waitLimit: HOUR }, async (table) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * HOUR })
    await table.pause('still CREATING')
  })
})

it('keeps its wait limit when the clock is set back', async () => {
  await workOnTable({ client }, { waitLimit: 0 }, async (table) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * HOUR })
    await expect(table.pause('still CREATING')).rejects.toThrow('still CREATING after 0 seconds')
  })
})

it('says what it waits for after three seconds, and then less and less often', async () => {
  skipWaits()
  const logger = recordingLogger()
  await workOnTable({ client }, { waitLimit: HOUR, logger }, async (table) => {
    for (let pause = 0; pause < 20; pause += 1) await table.pause('table "sessions" is still CREATING')
    for (let pause = 0; pause < 2; pause += 1) await table.pause('the index is still being built')
  })
  expect(logger.lines).toEqual(
    [4, 10, 25, 55]
      .map((seconds) => `table "sessions" is still CREATING (${seconds} s)`)
      .concat('the index is still being built (5 s)'),
  )
})
