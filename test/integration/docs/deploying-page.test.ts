import { expect, it, onTestFinished, vi } from 'vitest'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { importSnippet } from '../../support/snippets.js'

const engine = anyEngine()

function environment(tableName: string): void {
  environmentWith({
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  })
}

/** The lines that the program prints. */
async function linesOf(snippet: string): Promise<string[]> {
  const lines: string[] = []
  const spies = (['log', 'info', 'warn'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((line) => void lines.push(String(line))),
  )
  onTestFinished(() => spies.forEach((spy) => void spy.mockRestore()))
  await importSnippet(snippet)
  return lines
}

it('the program of docs/deploying.md creates a table, and runs the migrations', async () => {
  environment(uniqueTableName())
  currentFolderWith({ 'migrations/1_add_sessions.mjs': 'export async function up() {}\n' })
  const lines = await linesOf('deploying/deploy.mjs')
  expect(lines).toEqual(expect.arrayContaining(['ACTIVE', expect.stringMatching(/^migrated 1_add_sessions/)]))
})

it('the program of docs/bundlers.md runs migrations without files', async () => {
  const tableName = uniqueTableName()
  environment(tableName)
  currentFolderWith()
  const lines = await linesOf('bundlers/migrate.mjs')
  expect(lines).toContainEqual(expect.stringMatching(/^migrated 20261129032732_add_sessions/))
  expect(await describeTable({ ...engine.options(), tableName })).toMatchObject({ status: 'ACTIVE' })
})
