import { DeleteTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { expect, it, onTestFinished, vi } from 'vitest'
import { environmentOf } from '../../support/aws-environment.js'
import { anyEngine } from '../../support/engines.js'
import { currentFolderWith } from '../../support/folder.js'
import { importSnippet } from '../../support/snippets.js'
import { makeTable, writeItem } from '../../support/table.js'

const TABLE = 'sessions'

interface Program {
  handler(event: object, context: { getRemainingTimeInMillis(): number }): Promise<object>
}

it('the Lambda function of docs/cleaning.md deletes expired sessions, and returns the summary', async () => {
  const engine = anyEngine()
  const client = engine.client()
  currentFolderWith({})
  environmentOf(engine)
  await makeTable(client, TABLE)
  onTestFinished(async () => void (await client.send(new DeleteTableCommand({ TableName: TABLE }))))
  const log = vi.spyOn(console, 'log').mockReturnValue()
  onTestFinished(() => log.mockRestore())
  const now = Math.floor(Date.now() / 1000)
  const sessions = { live: now + 3600, expired: now - 3600 }
  for (const [id, expireAt] of Object.entries(sessions)) {
    const times = { created_at: { N: String(now - 7200) }, updated_at: { N: String(now - 7200) } }
    const data = { S: '{"cookie":{"originalMaxAge":null}}' }
    await writeItem(client, TABLE, { session_id: { S: id }, data, ...times, expire_at: { N: String(expireAt) } })
  }

  const { handler } = await importSnippet<Program>('cleaning/lambda.mjs')
  const summary = await handler({}, { getRemainingTimeInMillis: () => 60_000 })

  expect(summary).toMatchObject({ deleted: 1 })
  expect(log.mock.lastCall).toEqual([JSON.stringify(summary)])
  expect((await client.send(new ScanCommand({ TableName: TABLE }))).Count).toBe(1)
})
