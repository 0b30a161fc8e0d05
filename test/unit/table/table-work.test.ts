import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, expect, it, vi } from 'vitest'
import { workOnTable } from '../../../runtime/table/table-work.js'

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
