import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { freePort } from '../support/engines-start.js'
import { start, startServer, stopPrograms } from '../support/programs.js'

const SNIPPETS = join(import.meta.dirname, '../../docs/snippets')

/** The servers of the pages, and the command that runs each as written. */
const SERVERS: [program: string, ...command: string[]][] = [
  ['express/server.mjs', 'node'],
  ['fastify/server.mjs', 'node'],
  ['koa/server.mjs', 'node'],
  ['remix/server.mjs', 'node'],
  ['hono/server.mjs', 'node'],
  ['node-http/server.mjs', 'node'],
  ['nestjs/main.ts', 'npx', 'tsx', '--tsconfig', 'tsconfig.nest.json'],
]

describe('the pages about frameworks', () => {
  let app: App
  let env: Record<string, string>
  beforeAll(async () => {
    app = await installApp({ type: 'module' })
    const port = await freePort()
    env = {
      AWS_ENDPOINT_URL_DYNAMODB: `http://localhost:${port}`,
      AWS_EC2_METADATA_DISABLED: 'true',
      SESSION_SECRET: 'a secret of forty characters, or of more.',
    }
    await start(app, 'npx', ['dynamo-session', 'local', '--path', '.dynamodb', '--port', String(port)], {}, /http:\/\//)
    const created = await app.run('npx', ['dynamo-session', 'create-table'], { env })
    expect(created.code, created.stdout + created.stderr).toBe(0)
    await app.run('npx', ['dynamo-session', 'init'])
    const compilerOptions = { target: 'es2022', module: 'nodenext', experimentalDecorators: true }
    await app.write('tsconfig.nest.json', JSON.stringify({ compilerOptions }))
    for (const file of readdirSync(SNIPPETS, { recursive: true, encoding: 'utf8' }))
      if (/\.([cm]?js|ts)$/.test(file)) await app.write(file, readFileSync(join(SNIPPETS, file), 'utf8'))
  })
  afterAll(async () => {
    await stopPrograms()
    await app.remove()
  })

  const serve = (program: string, more: Record<string, string> = {}) =>
    startServer(app, 'node', [program], { ...env, ...more })

  /** Runs lines of a script that imports programs of the pages, and returns what they print. */
  async function runLines(lines: string): Promise<string> {
    await app.write('ask.mjs', lines)
    const { stdout, stderr } = await app.run('npx', ['tsx', 'ask.mjs'], { env })
    expect(stderr).toBe('')
    return stdout
  }

  it.each(SERVERS)('%s signs in, keeps the session over a restart, and signs out', async (program, ...command) => {
    const [name = '', ...args] = [...command, program]
    const first = await startServer(app, name, args, env)
    expect((await first.get('/')).text).toBe('hello nobody')
    const before = await first.get('/sign-in', '', 'POST')
    expect(before).toMatchObject({ status: 200, text: 'signed in as ada' })
    const { cookie } = await first.get('/sign-in', before.cookie, 'POST')
    expect((await first.get('/', before.cookie)).text).toBe('hello nobody')
    expect((await first.get('/', cookie)).text).toBe('hello ada')
    await first.stop()
    const second = await startServer(app, name, args, env)
    expect((await second.get('/', cookie)).text).toBe('hello ada')
    expect((await second.get('/sign-out', cookie, 'POST')).text).toBe('signed out')
    expect((await second.get('/', cookie)).text).toBe('hello nobody')
    await second.stop()
  })

  describe('express/more.mjs', () => {
    it('saves before a redirect, and deletes the cookie at a sign-out', async () => {
      const server = await serve('express/more.mjs')
      const { status, location, cookie, setCookie } = await server.get('/sign-in', '', 'POST')
      expect({ status, location }).toEqual({ status: 302, location: '/' })
      expect(setCookie.join()).toMatch(/; Expires=/)
      expect((await server.get('/', cookie)).text).toBe('hello ada')
      const { setCookie: deleted } = await server.get('/sign-out', cookie, 'POST')
      expect(deleted.join()).toMatch(/^session=; Path=\/; Expires=Thu, 01 Jan 1970 .*HttpOnly/)
      const { setCookie: short } = await server.get('/sign-in/browser', '', 'POST')
      expect(short.join()).toMatch(/^session=/)
      expect(short.join()).not.toMatch(/Expires|Max-Age/)
      await server.stop()
    })

    it('deletes the cookie in production too', async () => {
      const server = await serve('express/more.mjs', { NODE_ENV: 'production' })
      const headers = { 'x-forwarded-proto': 'https' }
      const post = (path: string, cookie = '') =>
        fetch(`http://127.0.0.1:${server.port}${path}`, {
          method: 'POST',
          redirect: 'manual',
          headers: { ...headers, cookie },
        })
      const [signedIn = ''] = (await post('/sign-in')).headers.getSetCookie()
      expect(signedIn).toMatch(/^__Host-session=s.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/)
      const deleted = (await post('/sign-out', signedIn.split(';')[0])).headers.getSetCookie()
      expect(deleted.join()).toMatch(
        /^__Host-session=; Path=\/; Expires=Thu, 01 Jan 1970 .*; HttpOnly; Secure; SameSite=Lax$/,
      )
      await server.stop()
    })

    it('reports a failed save: too late for the response, or before it with save()', async () => {
      const server = await serve('express/more.mjs')
      const late = await server.get('/too-large', '', 'POST').catch(String)
      expect(late).toMatchObject({ status: 200 })
      await expect.poll(server.errors).toContain('SessionTooLargeError')
      expect(await server.get('/too-large/save', '', 'POST')).toMatchObject({ status: 500, text: 'Please try again.' })
      await server.stop()
    })
  })

  it('express/socket.mjs gives a socket its session, until the session is deleted', async () => {
    const pages = await serve('express/server.mjs')
    const { cookie } = await pages.get('/sign-in', '', 'POST')
    const sockets = await serve('express/socket.mjs')
    expect(await upgrade(sockets.port, '')).toBe(401)
    const socket = await upgrade(sockets.port, cookie)
    if (typeof socket !== 'object') throw new Error(`refused with status ${socket}`)
    const received = once(socket, 'data')
    socket.write('who?')
    expect(String((await received)[0])).toBe('ada')
    await pages.get('/sign-out', cookie, 'POST')
    const closed = once(socket, 'close')
    socket.write('who?')
    await closed
    await pages.stop()
    await sockets.stop()
  })

  it('fastify/more.mjs guards, keeps a session under a new id, and answers errors with its own page', async () => {
    const server = await serve('fastify/more.mjs')
    expect(await server.get('/account')).toMatchObject({ status: 401, setCookie: [] })
    const { cookie, location } = await server.get('/sign-in', '', 'POST')
    expect((await server.get(location ?? '', cookie)).text).toBe('the account of ada')
    const moved = await server.get('/change-password', cookie, 'POST')
    expect(moved.cookie).not.toBe(cookie)
    expect((await server.get('/account', moved.cookie)).text).toBe('the account of ada')
    expect((await server.get('/account', cookie)).status).toBe(401)
    const { setCookie } = await server.get('/remember-me', moved.cookie, 'POST')
    expect(daysOf(setCookie)).toBe(90)
    expect(await server.get('/events', moved.cookie)).toMatchObject({ status: 200, text: 'data: hello\n\n' })
    const failed = await server.get('/too-large', moved.cookie, 'POST')
    expect(failed).toMatchObject({ status: 500, text: 'Please try again.' })
    await expect.poll(server.errors).toContain('SessionTooLargeError')
    await server.stop()
  })

  it('koa/more.mjs saves before the response, and changes lifetimes', async () => {
    const server = await serve('koa/more.mjs')
    const { cookie, location } = await server.get('/sign-in', '', 'POST')
    expect((await server.get(location ?? '', cookie)).text).toBe('hello ada')
    expect(daysOf((await server.get('/remember-me', cookie, 'POST')).setCookie)).toBe(90)
    const { setCookie } = await server.get('/forget-me', cookie, 'POST')
    expect(setCookie.join()).toMatch(/^session=/)
    expect(setCookie.join()).not.toMatch(/expires|max-age/i)
    expect(await server.get('/events', cookie)).toMatchObject({ status: 200, text: 'data: hello\n\n' })
    const failed = await server.get('/too-large', cookie, 'POST')
    expect(failed).toMatchObject({ status: 500, text: 'Please try again.' })
    await expect.poll(server.errors).toContain('SessionTooLargeError')
    await server.stop()
  })

  it('hono/more.mjs guards, saves before a redirect, and answers errors with its own page', async () => {
    const server = await serve('hono/more.mjs')
    expect(await server.get('/account')).toMatchObject({ status: 401, setCookie: [] })
    const { cookie, location } = await server.get('/sign-in', '', 'POST')
    expect((await server.get(location ?? '', cookie)).text).toBe('the account of ada')
    expect(daysOf((await server.get('/remember-me', cookie, 'POST')).setCookie)).toBe(90)
    expect(daysOf((await server.get('/account', cookie)).setCookie)).toBe(90)
    const failed = await server.get('/too-large', cookie, 'POST')
    expect(failed).toMatchObject({ status: 500, text: 'Please try again.' })
    await server.stop()
  })

  it('node-http/more.mjs answers errors with its own page', async () => {
    const server = await serve('node-http/more.mjs')
    const { cookie, location } = await server.get('/sign-in', '', 'POST')
    expect((await server.get(location ?? '', cookie)).text).toBe('hello ada')
    const failed = await server.get('/too-large', cookie, 'POST')
    expect(failed).toMatchObject({ status: 500, text: 'Please try again.' })
    await server.stop()
  })

  it.each([
    ['express', (cookie: string) => /s:([^.]+)\./.exec(decodeURIComponent(cookie))?.[1]],
    ['fastify', (cookie: string) => cookie.replace('session=', '')],
    ['koa', (cookie: string) => /^session=([^;]+)/.exec(cookie)?.[1]],
  ])('%s/script.mjs changes a session', async (folder, idOf) => {
    const server = await serve(`${folder}/server.mjs`)
    const { cookie } = await server.get('/sign-in', '', 'POST')
    const { code, stderr } = await app.run('node', [`${folder}/script.mjs`], { env, input: `${idOf(cookie)}\n` })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect((await server.get('/', cookie)).text).toBe('hello grace')
    await server.stop()
  })

  it.each(['signed-ids/express.mjs', 'signed-ids/koa.mjs'])('%s makes signed ids', async (program) => {
    const server = await serve(program)
    const { text, cookie } = await server.get('/', '', 'POST')
    expect(text).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
    expect((await server.get('/', cookie)).text).toBe('hello ada')
    await server.stop()
  })

  it.each(['lambda/handler.mjs', 'lambda/handler.ts', 'hono/lambda.mjs'])('%s signs in and out', async (program) => {
    const printed = await runLines(`import { handler } from './${program}'
const ask = async (method, rawPath, cookies) => {
  const http = { method, path: rawPath }
  const domainName = 'abc.lambda-url.eu-central-1.on.aws'
  const headers = { host: domainName, 'x-forwarded-proto': 'https' }
  const event = { version: '2.0', routeKey: '$default', rawPath, rawQueryString: '', headers, cookies, requestContext: { http, domainName } }
  const { body, cookies: set = [] } = await handler(event, {})
  return { body, cookies: set.map((cookie) => cookie.split(';')[0]) }
}
const signedIn = await ask('POST', '/sign-in')
const answers = [signedIn, await ask('GET', '/'), await ask('GET', '/', signedIn.cookies)]
answers.push(await ask('POST', '/sign-out', signedIn.cookies), await ask('GET', '/', signedIn.cookies))
console.log(answers.map(({ body }) => body).join('|'), answers[3].cookies.join())`)
    expect(printed).toBe('signed in as ada|hello nobody|hello ada|signed out|hello nobody session=\n')
  })

  it('lambda/more.mjs signs in with load, and with payload format 1.0', async () => {
    const printed = await runLines(`import { handler } from './lambda/handler.mjs'
import { loaded, payload1 } from './lambda/more.mjs'
const requestContext = { http: { method: 'GET' } }
const who = async (cookie) => (await handler({ rawPath: '/', cookies: [cookie.split(';')[0]], requestContext })).body
const { cookies } = await loaded({})
const { multiValueHeaders } = await payload1({ headers: { Cookie: 'other=1' } })
console.log(await who(cookies[0]), await who(multiValueHeaders['Set-Cookie'][0]))`)
    expect(printed).toBe('hello ada hello ada\n')
  })

  it.each(['mjs', 'ts'])('react-router/*.%s signs in and out, with and without its middleware', async (language) => {
    const account = await app.read('react-router/account.mjs')
    await app.write('react-router/account.ts', account.replace('root.mjs', 'root.ts'))
    const printed = await runLines(`import { createStaticHandler } from 'react-router'
import { loader as account } from './react-router/account.${language}'
import { loader as home } from './react-router/home.${language}'
import { middleware } from './react-router/root.${language}'
import { action as signIn } from './react-router/sign-in.mjs'
import { action as signOut } from './react-router/sign-out.mjs'
const routes = [
  { id: 'home', path: '/', loader: home },
  { id: 'sign-in', path: '/sign-in', action: signIn },
  { id: 'sign-out', path: '/sign-out', action: signOut },
  { id: 'root', middleware, children: [{ id: 'account', path: '/account', loader: account }] },
]
const { queryRoute } = createStaticHandler(routes)
const generateMiddlewareResponse = async (query) => {
  const data = await query(new Request('http://localhost/account', { headers: { cookie } })).catch((thrown) => thrown)
  return data instanceof Response ? data : Response.json(data)
}
let cookie = ''
const ask = async (path, method = 'GET', more = {}) => {
  const response = await queryRoute(new Request('http://localhost' + path, { method, headers: { cookie } }), more)
  const [set] = response.headers.getSetCookie()
  if (set !== undefined) cookie = set.split(';')[0]
  return response.status + ' ' + (response.headers.get('location') ?? (await response.text()))
}
const inMiddleware = { generateMiddlewareResponse }
const answers = [await ask('/'), await ask('/account', 'GET', inMiddleware), await ask('/sign-in', 'POST')]
answers.push(await ask('/'), await ask('/account', 'GET', inMiddleware), await ask('/sign-out', 'POST'), await ask('/'))
console.log(answers.join('|'), cookie)`)
    expect(printed).toBe(
      '200 "hello nobody"|302 /sign-in|302 /|200 "hello ada"|200 {"user":"ada"}|302 /|200 "hello nobody" session=\n',
    )
  })

  it('nextjs/app/api/session/route.js signs in and out', async () => {
    const printed = await runLines(`import { DELETE, GET, POST } from './nextjs/app/api/session/route.js'
const url = 'http://localhost/api/session'
const posted = await POST(new Request(url, { method: 'POST' }))
const [cookie] = posted.headers.getSetCookie().map((line) => line.split(';')[0])
const who = async () => (await GET(new Request(url, { headers: { cookie } }))).text()
const before = await who()
const deleted = await DELETE(new Request(url, { method: 'DELETE', headers: { cookie } }))
console.log([await posted.text(), before, await deleted.text(), await who()].join('|'))`)
    expect(printed).toBe('signed in as ada|hello ada|signed out|hello nobody\n')
  })

  it('session-manager/handlers.mjs signs in and out by run, use and load, and renames by a script', async () => {
    const printed =
      await runLines(`import { hello, rename, signIn, signOut, withLoad, withUse } from './session-manager/handlers.mjs'
const ask = (cookie) => new Request('http://localhost/', { headers: { cookie } })
const [line] = (await signIn(ask(''))).headers.getSetCookie()
const cookie = line.split(';')[0]
const who = async () => (await hello(ask(cookie))).text()
const answers = [await who(), (await withUse(cookie)).body, (await withLoad(cookie)).body, await who()]
await (await signOut(ask(cookie))).text()
answers.push(await who(), await rename(cookie.replace('session=', '')))
const [again] = (await signIn(ask(''))).headers.getSetCookie().map((line) => line.split(';')[0])
answers.push(await rename(again.replace('session=', '')), await (await hello(ask(again))).text())
console.log(answers.join('|'))`)
    expect(printed).toBe('hello ada|hello ada|renamed|hello grace|hello nobody|false|true|hello grace\n')
  })
})

/** Asks for an upgrade of the connection. Returns its socket, or the status of a refusal. */
function upgrade(port: number, cookie: string): Promise<Socket | number | undefined> {
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', cookie }
  return new Promise((resolve, reject) => {
    const asked = request({ port, headers })
    asked.once('upgrade', (_response, socket) => resolve(socket))
    asked.once('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.once('error', reject)
    asked.end()
  })
}

/** The days until a cookie ends. */
function daysOf(setCookie: readonly string[]): number {
  const end = Date.parse(/expires=([^;]+)/i.exec(setCookie.join('\n'))?.[1] ?? '')
  return Math.round((end - Date.now()) / (24 * 3600 * 1000))
}
