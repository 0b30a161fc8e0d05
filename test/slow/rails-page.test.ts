import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { cleanEnvironment } from '../support/app.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'
import { freePort } from '../support/engines-start.js'
import { folderWith } from '../support/folder.js'
import { RubyGem } from '../support/ruby/gem.js'
import { makeTable, readItem } from '../support/table.js'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(ROOT, 'docs/rails.md'), 'utf8')
const CONFIG_FILE = 'config/dynamo_session_store.yml'
/** The configuration file, as the page has it. */
const CONFIG = new RegExp(`<!-- ${CONFIG_FILE} -->\\n\`\`\`yaml\\n([^]*?)\`\`\``).exec(PAGE)?.[1] ?? ''
const SECRET = 'watermelon_smiles of the page for Rails'

describe('docs/rails.md', { timeout: 90_000 }, () => {
  const engine = anyEngine()
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let program: ChildProcess | undefined

  beforeAll(async () => {
    client = engine.client()
    await makeTable(client, tableName)
  })
  afterEach(async () => {
    if (program && program.exitCode === null) {
      const ended = new Promise((resolve) => program?.once('exit', resolve))
      program.kill()
      await ended
    }
  })
  afterAll(() => client.destroy())

  const item = (id: string) => readItem(client, tableName, id, { sessionIdDigest: 'md5' })

  /** The gem with the configuration of the page. */
  function gem(): RubyGem {
    const number = (name: string) => {
      const found = new RegExp(`^ +${name}: ([\\d_ *]+),?( |$)`, 'm').exec(PAGE)?.[1]
      if (found === undefined) throw new Error(`the page does not set ${name} in Ruby`)
      return found.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1)
    }
    return new RubyGem(client, {
      tableName,
      secretKey: SECRET,
      maxStale: number('max_stale'),
      enableLocking: PAGE.includes('enable_locking: true,\n'),
      lockExpiryTime: number('lock_expiry_time'),
      lockRetryDelay: number('lock_retry_delay'),
      lockMaxWaitTime: number('lock_max_wait_time'),
    })
  }

  type Ask = (method: string, path: string, id?: string) => Promise<{ text: string; setCookie: string[] }>

  /** Runs a program of the page as written, but with the package's sources, and sends requests to it. */
  async function start(name: string, environment = 'development'): Promise<Ask> {
    const entry = (_: string, path: string) => pathToFileURL(join(ROOT, `runtime/${path}.ts`)).href
    const text = readFileSync(join(ROOT, 'docs/snippets/rails', name), 'utf8').replace(
      /(?<=from ')dynamo-session-store\/([a-z-]+)(?=')/g,
      entry,
    )
    const folder = folderWith({ [name]: text, [CONFIG_FILE]: CONFIG })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
    const port = await freePort()
    const env = {
      ...cleanEnvironment(),
      PORT: String(port),
      NODE_ENV: environment,
      SESSION_SECRET: SECRET,
      AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }
    const child = spawn(process.execPath, ['--import', 'tsx', name], { cwd: folder, env, stdio: 'pipe' })
    program = child
    let errors = ''
    child.stderr?.on('data', (chunk) => {
      errors += chunk
    })
    const ask = async (method: string, path: string, id?: string) => {
      const headers = { 'x-forwarded-proto': 'https', ...(id !== undefined && { cookie: `_session_id=${id}` }) }
      const response = await fetch(`http://localhost:${port}${path}`, { method, headers })
      return { text: await response.text(), setCookie: response.headers.getSetCookie() }
    }
    for (let waited = 0; ; waited += 50) {
      if (waited > 60_000 || child.exitCode !== null) throw new Error(`${name} did not start:\n${errors}`)
      const answer = await ask('GET', '/').catch(() => undefined)
      if (answer?.text.startsWith('user')) return ask
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  it('configures the same lifetime and locks on both sides', () => {
    const folder = folderWith({ [CONFIG_FILE]: CONFIG })
    const configuration = resolveConfiguration({ root: folder }, { SESSION_SECRET: SECRET })
    expect(configuration).toMatchObject({
      tableName: 'sessions',
      secretKey: SECRET,
      sessionIdDigest: 'md5',
      maxStale: 14 * 24 * 3600,
      locking: 'pessimistic',
      lockExpiryTime: 30_000,
      lockRetryDelay: 50,
      lockMaxWaitTime: 10,
    })
    const [rack = '', rails = ''] = PAGE.match(/```ruby\n[\s\S]*?```/g) ?? []
    for (const text of [rack, rails]) expect(text).toContain('max_stale: 14 * 24 * 3600')
    for (const setting of ['lock_expiry_time: 30_000', 'lock_retry_delay: 50', 'lock_max_wait_time: 10']) {
      expect(rack).toContain(setting)
    }
    expect(rails).toContain('config.session_store')
    expect(rails).not.toContain('enable_locking')
  })

  it.each(['express.mjs', 'fastify.mjs', 'koa.mjs'])('shares a login with %s as written', async (name) => {
    const ask = await start(name)
    expect((await ask('GET', '/')).text).toBe('user nobody')
    const { setCookie: id = '' } = await gem().request(undefined, (session) => {
      session.set('user_id', 42)
      session.set('_csrf_token', 'dG9rZW4=')
    })
    expect((await ask('GET', '/', id)).text).toBe('user 42')
    expect((await ask('POST', '/cart', id)).text).toBe('in the cart')
    let seen: unknown
    await gem().request(id, (session) => {
      seen = session.all()
    })
    expect(seen).toEqual({ user_id: 42, _csrf_token: 'dG9rZW4=', cart: ['a book'] })
    expect((await ask('POST', '/sign-out', id)).text).toBe('signed out')
    expect(await item(id)).toBeUndefined()
    expect((await ask('GET', '/', id)).text).toBe('user nobody')
  })

  it.each(['express.mjs', 'fastify.mjs', 'koa.mjs'])(
    'lets %s make a session for Rails, with a cookie for https only in production',
    async (name) => {
      const ask = await start(name, 'production')
      const [cookie = ''] = (await ask('POST', '/cart')).setCookie
      expect(cookie).toMatch(/^_session_id=[0-9a-f]{32}--[0-9a-f]{64};/)
      const attributes = cookie.toLowerCase().split('; ').slice(1).toSorted()
      expect(attributes).toEqual(['httponly', 'path=/', 'samesite=lax', 'secure'])
      const id = /=(.*?);/.exec(cookie)?.[1] ?? ''
      await gem().request(id, (session) => session.set('user_id', 43))
      expect((await ask('GET', '/', id)).text).toBe('user 43')
    },
  )
})
