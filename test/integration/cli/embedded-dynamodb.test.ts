import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { localCommand } from '../../../runtime/cli/commands/local.js'
import { type EmbeddedSettings, startEmbeddedDynamoDB } from '../../../runtime/cli/embedded-dynamodb.js'
import { DynamoSessionError } from '../../../runtime/errors.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { environmentWith, folderWith } from '../../support/folder.js'

const REPOSITORY = join(import.meta.dirname, '../../..')

async function start(settings: Partial<EmbeddedSettings> = {}) {
  const database = await startEmbeddedDynamoDB({ port: 0, folder: REPOSITORY, ...settings })
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= database.stop()
    return stopping
  }
  onTestFinished(stop)
  return { endpoint: database.endpoint, stop }
}

function statusOf(endpoint: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(endpoint, { method: 'GET', headers }, (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end()
  })
}

describe('the embedded DynamoDB', () => {
  beforeEach(() => environmentWith())

  it('serves requests at its endpoint without credentials, until it is stopped', async () => {
    const { endpoint, stop } = await start()
    await createTable({ endpoint })
    expect(await describeTable({ endpoint })).toMatchObject({ name: 'sessions', status: 'ACTIVE' })
    await stop()
    await expect(describeTable({ endpoint })).rejects.toThrow('ECONNREFUSED')
  })

  it('refuses requests for another host, and those of a page of another site', async () => {
    const { endpoint } = await start()
    expect(await statusOf(endpoint, {})).toBe(200)
    expect(await statusOf(endpoint, { host: 'rebound.example' })).toBe(403)
    expect(await statusOf(endpoint, { origin: 'https://site.example' })).toBe(403)
  })

  it('keeps its tables in a folder, which it creates', async () => {
    const path = join(folderWith(), 'not/there/yet')
    const first = await start({ path })
    await createTable({ endpoint: first.endpoint })
    await first.stop()
    const second = await start({ path })
    expect(await describeTable({ endpoint: second.endpoint })).toMatchObject({ status: 'ACTIVE' })
  })

  it('forgets its tables without a folder', async () => {
    const first = await start()
    await createTable({ endpoint: first.endpoint })
    await first.stop()
    expect(await describeTable({ endpoint: (await start()).endpoint })).toBeUndefined()
  })

  it('says that another process uses the folder', async () => {
    const path = folderWith()
    await start({ path })
    await expect(start({ path })).rejects.toThrow(`--path ${path} can't hold the data: another process uses it`)
  })

  it("says why a path can't be a folder", async () => {
    const path = join(folderWith({ file: '' }), 'file')
    await expect(start({ path })).rejects.toThrow(/--path .*file can't hold the data: EEXIST/)
  })

  it('says that the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    await expect(start({ port })).rejects.toThrow(
      `can't listen on port ${port}: another program uses it; choose another one with --port`,
    )
  })

  it.each([
    ['npm install --save-dev dynalite', {}],
    ['pnpm add --save-dev dynalite', { 'pnpm-lock.yaml': '' }],
  ])('says %s where the application has no dynalite', async (command, lockfile) => {
    const folder = folderWith({ 'package.json': '{}', ...lockfile })
    const starting = start({ folder })
    await expect(starting).rejects.toBeInstanceOf(DynamoSessionError)
    await expect(starting).rejects.toThrow(`not installed: ${command}`)
  })

  it('stops even if a client keeps a connection open', async () => {
    const { endpoint, stop } = await start()
    const answer = await fetch(endpoint)
    await answer.text()
    const started = Date.now()
    await stop()
    expect(Date.now() - started).toBeLessThan(3_000)
  })
})

it.each(['x', '-1', '65536', '80.5', ''])('dynamo-session local refuses --port %j', async (port) => {
  await expect(localCommand({ port })).rejects.toThrow(`--port: must be a number from 0 to 65535, not "${port}"`)
})

it('dynamo-session local refuses an empty --path', async () => {
  const error = { code: 'CONFIGURATION', message: '--path: needs the name of a folder' }
  await expect(localCommand({ port: '0', path: '' })).rejects.toMatchObject(error)
})
