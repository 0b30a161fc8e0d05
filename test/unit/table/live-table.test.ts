import { expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { readSettings } from '../../../runtime/table/live-table.js'
import type { TableWork } from '../../../runtime/table/table-work.js'
import { tableFacts } from '../../support/table-facts.js'

const OFF = { value: { status: 'DISABLED', attribute: undefined } }
const LACKING = { lacking: 'Time to Live' }

it.each([
  [
    'lacking on this machine if the table has no deletion protection either, as in dynalite',
    'localhost',
    undefined,
    LACKING,
  ],
  ['off on this machine if the table describes deletion protection, as in DynamoDB Local', 'localhost', false, OFF],
  ['off elsewhere, for emulators that have Time to Live only', 'dynamodb.example', undefined, OFF],
])('Time to Live that an endpoint describes as off counts as %s', async (_, host, deletionProtection, timeToLive) => {
  const work = {
    configuration: resolveConfiguration({ endpoint: `http://${host}:8000`, region: 'us-east-1' }, {}),
    request: async () => ({}),
    isLacking: () => false,
  } as Partial<TableWork> as TableWork
  expect(await readSettings(work, tableFacts({ deletionProtection }))).toMatchObject({ timeToLive })
})
