import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { anyEngine } from '../support/engines.js'

let app: App
let env: Record<string, string>

beforeEach(async () => {
  const { endpoint, region, tableName } = anyEngine().options()
  env = {
    AWS_DYNAMO_DB_SESSION_ENDPOINT: endpoint,
    AWS_DYNAMO_DB_SESSION_REGION: region,
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
  }
  app = await installApp({ type: 'module' })
})
afterEach(() => app.remove())

it('keeps running when the reader of its output ends', async () => {
  const create = await app.run('npx', ['umzug', 'create', '--name', 'AddSessions'], { env })
  expect(create.code, create.stdout + create.stderr).toBe(0)
  const piped = await app.run('sh', ['-c', 'npx umzug up | head -1'], { env })
  expect(piped.stderr).not.toContain('EPIPE')
  const status = await app.run('npx', ['umzug', 'status', '--check'], { env })
  expect(status.code, status.stdout + status.stderr).toBe(0)
})

it("writes this package's migration for create, even where the application has its own Umzug", async () => {
  await app.write(
    'umzug.config.js',
    `import { Umzug, memoryStorage } from 'umzug'
     export const umzug = new Umzug({ migrations: { glob: 'migrations/*.js' }, storage: memoryStorage(), logger: console })`,
  )
  const create = await app.run('npx', ['umzug', 'create', '--name', 'AddSessions'], { env })
  expect(create.code, create.stdout + create.stderr).toBe(0)
  const [file, ...others] = await readdir(join(app.folder, 'migrations'))
  expect(others).toEqual([])
  expect(file).toMatch(/^\d{14}_add_sessions\.js$/)
})
