import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../support/engines-start.js'
import { RubyGem } from '../support/ruby/gem.js'
import { CopiedExample } from './support/copied-example.js'
import { Visitor } from './support/visitor.js'

let example: CopiedExample
let port: number
beforeEach(async () => {
  port = await freePort()
})
afterEach(() => example.remove())

describe.each(['koa', 'nest', 'remix'])('the example %s', (name) => {
  it('signs in, keeps the session over a restart, and signs out', async () => {
    example = await CopiedExample.of(name)
    const env = { PORT: String(port) }
    const server = await example.start(env)
    const visitor = new Visitor(port)
    expect((await visitor.get('/')).text).toContain('<label for="user">Your name</label>')
    expect(visitor.cookies).toEqual({})

    const refused = await visitor.post('/sign-in', { user: ' ' })
    expect(refused).toMatchObject({ status: 400 })
    expect(refused.text).toContain('<p role="alert">')

    const hello = await visitor.post('/sign-in', { user: '<b>ada</b>' })
    expect(hello.text).toContain('<h1>Hello &lt;b&gt;ada&lt;/b&gt;</h1>')
    expect(hello.headers.get('cache-control')).toBe('no-store')
    await server.stop()

    const restarted = await example.start(env)
    expect((await visitor.get('/')).text).toBe(hello.text)
    const before = visitor.cookies
    await visitor.post('/sign-in', { user: 'grace' })
    expect(visitor.cookies).not.toEqual(before)
    expect((await new Visitor(port, before).get('/')).text).toContain('<h1>Sign in</h1>')
    const signedIn = visitor.cookies
    expect((await visitor.post('/sign-out')).text).toContain('<h1>Sign in</h1>')
    expect((await new Visitor(port, signedIn).get('/')).text).toContain('<h1>Sign in</h1>')
    await restarted.stop()
  })
})

describe('the example nest', () => {
  it('guards a route', async () => {
    example = await CopiedExample.of('nest')
    await example.start({ PORT: String(port) })
    const visitor = new Visitor(port)
    expect(await visitor.get('/me')).toMatchObject({ status: 401 })
    await visitor.post('/sign-in', { user: 'ada' })
    expect(JSON.parse((await visitor.get('/me')).text)).toMatchObject({ user: 'ada' })
  })
})

describe('the example fastify-api', () => {
  const ADA = { user: 'ada', password: 'correct horse battery staple' }

  it('keeps notes, and lists and ends the sessions of a user who knows the password', async () => {
    example = await CopiedExample.of('fastify-api')
    const env = { PORT: String(port) }
    const server = await example.start(env)
    const laptop = new Visitor(port)
    const phone = new Visitor(port)
    expect(await laptop.json('GET', '/me')).toMatchObject({ status: 401 })
    expect(await laptop.json('POST', '/session', { user: 'ada' })).toMatchObject({ status: 400 })
    for (const wrong of [
      { ...ADA, password: 'wrong' },
      { ...ADA, user: 'eve' },
    ]) {
      expect(await laptop.json('POST', '/session', wrong)).toMatchObject({ status: 401 })
    }
    expect(laptop.cookies).toEqual({})
    for (const device of [laptop, phone]) {
      expect(await device.json('POST', '/session', ADA)).toMatchObject({ status: 201 })
    }
    expect((await laptop.json('POST', '/notes', { text: 'buy milk' })).text).toBe('["buy milk"]')
    await server.stop()

    await example.start(env)
    expect((await laptop.json('GET', '/notes')).text).toBe('["buy milk"]')
    expect((await phone.json('GET', '/notes')).text).toBe('[]')

    const sessions: { handle: string; current: boolean; userAgent: string }[] = JSON.parse(
      (await laptop.json('GET', '/sessions')).text,
    )
    expect(sessions.map(({ current }) => current).toSorted()).toEqual([false, true])
    expect(sessions[0]).toHaveProperty('userAgent')
    const end = `/sessions/${sessions.find(({ current }) => !current)?.handle}/end`
    expect(await laptop.json('POST', end, { password: 'wrong' })).toMatchObject({ status: 403 })
    expect(await phone.json('GET', '/me')).toMatchObject({ status: 200 })
    expect(await laptop.json('POST', end, { password: ADA.password })).toMatchObject({ status: 204 })
    expect(await laptop.json('POST', end, { password: ADA.password })).toMatchObject({ status: 404 })
    expect(await phone.json('GET', '/me')).toMatchObject({ status: 401 })

    const signedIn = laptop.cookies
    expect(await laptop.json('DELETE', '/session')).toMatchObject({ status: 204 })
    expect(laptop.cookies).toEqual({})
    expect(await new Visitor(port, signedIn).json('GET', '/me')).toMatchObject({ status: 401 })
  })
})

describe('the README of fastify-api', () => {
  it('has commands that work as written', async () => {
    example = await CopiedExample.of('fastify-api')
    await example.start({ PORT: String(port) })
    const readme = await readFile(join(example.folder, 'README.md'), 'utf8')
    const [, commands = ''] = /```sh\n(api\(\)[\s\S]*?)```/.exec(readme) ?? []
    const script = commands.replaceAll('localhost:3100', `localhost:${port}`)
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: example.folder })
    const [signedIn, me, notes, sessions, ended, signedOut] = stdout.split('\n')
    expect([signedIn, me, notes, ended, signedOut]).toEqual([
      '{"user":"ada"}',
      '{"user":"ada"}',
      '["buy milk"]',
      '{"error":"No such session"}', // HANDLE is no handle.
      '',
    ])
    expect(JSON.parse(sessions ?? '')).toMatchObject([{ current: true, handle: expect.any(String) }])
  })
})

describe('the example hono-lambda', () => {
  it('signs in, says hello and signs out by local events', async () => {
    example = await CopiedExample.of('hono-lambda')
    const { code, output } = await example.run()
    expect(code, output).toBe(0)
    const lines = output.split('\n').filter((line) => line.includes(' -> '))
    expect(lines).toEqual([
      'POST /sign-in -> 200 signed in',
      'GET / -> 200 hello ada',
      'POST /sign-out -> 200 signed out',
      'GET / -> 200 hello nobody',
    ])
  })
})

describe('the example rails-and-node', () => {
  it('keeps pages in a browser from its DynamoDB', async () => {
    example = await CopiedExample.of('rails-and-node')
    const databasePort = await freePort()
    await example.start({ PORT: String(port), DYNAMODB_PORT: String(databasePort) })
    const send = (method: string, headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${databasePort}`, { method, headers })
    await expect(send('OPTIONS', { origin: 'https://example.com' })).rejects.toThrow('fetch failed')
    await expect(send('POST', { origin: `http://127.0.0.1:${databasePort}` })).rejects.toThrow('fetch failed')
    expect((await send('POST', {})).headers.get('x-amzn-requestid')).toBeTruthy()
  })

  it('shares the login and the cart with the Ruby gem', async () => {
    example = await CopiedExample.of('rails-and-node')
    const databasePort = await freePort()
    await example.start({ PORT: String(port), DYNAMODB_PORT: String(databasePort) })
    const client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${databasePort}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
    const initializer = await readFile(join(example.folder, 'rails-app/config/initializers/session_store.rb'), 'utf8')
    const secretKey = /^ {2}'(.*)'$/m.exec(initializer)?.[1] ?? ''
    const rails = new RubyGem(client, { tableName: 'sessions', secretKey, maxStale: 14 * 24 * 3600 })

    const { setCookie = '' } = await rails.request(undefined, (session) => session.set('user_id', 42))
    const visitor = new Visitor(port, { _session_id: setCookie })
    expect((await visitor.get('/')).text).toContain('<h1>Node: user 42</h1>')
    expect((await visitor.post('/cart', { item: '<i>tea</i>' })).text).toContain('<li>&lt;i&gt;tea&lt;/i&gt;</li>')
    await rails.request(setCookie, (session) => {
      expect(session.all()).toEqual({ user_id: 42, cart: ['<i>tea</i>'] })
      session.set('cart', ['<i>tea</i>', 'milk'])
    })
    expect((await visitor.get('/')).text).toContain('<li>milk</li>')

    await visitor.post('/sign-in', { user_id: '7' })
    expect(visitor.cookies._session_id).not.toBe(setCookie)
    await rails.request(visitor.cookies._session_id, (session) => expect(session.get('user_id')).toBe(7))
    const signedIn = visitor.cookies
    expect((await visitor.post('/sign-out')).text).toContain('<h1>Node: sign in</h1>')
    await rails.request(signedIn._session_id, (session) => expect(session.all()).toEqual({}))
    client.destroy()
  })
})
