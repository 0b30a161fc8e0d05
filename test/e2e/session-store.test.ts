import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { freePort, type RunningEngine, startDynalite } from '../support/engines-start.js'
import { start, stopPrograms } from '../support/programs.js'

/** Applications behind a proxy that ends TLS, each with the setting that the generator's note names. */
const PROGRAMS: Readonly<Record<string, string>> = {
  express: `import express from 'express'
const app = express()
app.set('trust proxy', 1)
app.use(sessions)
app.get('/', (req, res) => {
  req.session.user = 'ada'
  res.send('ok')
})
app.listen(process.env.PORT, () => console.log('listening'))`,
  koa: `import Koa from 'koa'
const app = new Koa()
app.proxy = true
app.use(sessions(app))
app.use((ctx) => {
  ctx.session.user = 'ada'
  ctx.body = 'ok'
})
app.listen(process.env.PORT, () => console.log('listening'))`,
  fastify: `import fastify from 'fastify'
const app = fastify({ trustProxy: true })
await app.register(dynamoSession, sessionOptions)
app.get('/', async (request) => {
  request.session.user = 'ada'
  return 'ok'
})
await app.listen({ port: Number(process.env.PORT) })
console.log('listening')`,
  hono: `import { serve } from '@hono/node-server'
import { Hono } from 'hono'
const app = new Hono().use(sessions)
app.get('/', (c) => {
  c.get('session').set('user', 'ada')
  return c.text('ok')
})
serve({ fetch: app.fetch, port: Number(process.env.PORT) }, () => console.log('listening'))`,
  'node-http': `import { createServer } from 'node:http'
const listener = withSession(sessions, (request, response, session) => {
  session.set('user', 'ada')
  response.end('ok')
})
createServer(listener).listen(process.env.PORT, () => console.log('listening'))`,
}

/** The Set-Cookie headers of a response, as the proxy gets them. */
function cookiesOf(port: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-forwarded-proto': 'https' }
    request({ port, headers }, (response) => {
      response.resume()
      resolve(response.headers['set-cookie'] ?? [])
    })
      .once('error', reject)
      .end()
  })
}

describe('the file of session-store, in production', () => {
  let app: App
  let engine: RunningEngine
  let env: Record<string, string>
  beforeAll(async () => {
    engine = await startDynalite()
    env = {
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      NODE_ENV: 'production',
      SESSION_SECRET: 'a secret of forty characters, or of more.',
    }
    app = await installApp({ type: 'module' })
    await app.run('npx', ['dynamo-session', 'init'])
    expect(await app.run('npx', ['dynamo-session', 'create-table'], { env })).toMatchObject({ code: 0 })
  })
  afterAll(async () => {
    await stopPrograms()
    await app.remove()
    await engine.stop()
  })

  it.each(Object.entries(PROGRAMS))('sends a cookie that is safe behind a proxy: %s', async (framework, program) => {
    const generated = await app.run('npx', ['plop', 'session-store', framework, '--force'])
    const [importLine = ''] = /^ *import .* from '\.\/session\.js'$/m.exec(generated.stderr + generated.stdout) ?? []
    await app.write('server.mjs', `${importLine.trim()}\n${program}\n`)
    const port = await freePort()
    const stop = await start(app, 'node', [join(app.folder, 'server.mjs')], { ...env, PORT: String(port) }, /listening/)
    const cookies = await cookiesOf(port)
    await stop()
    // koa-session signs with a second cookie.
    expect(cookies.length).toBe(framework === 'koa' ? 2 : 1)
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Host-session(\.sig)?=/)
      expect(cookie.toLowerCase().split('; ')).toEqual(
        expect.arrayContaining(['path=/', 'httponly', 'secure', 'samesite=lax']),
      )
      expect(cookie).not.toMatch(/domain=/i)
    }
  })

  it('does not start without a secret', async () => {
    await app.run('npx', ['plop', 'session-store', 'express', '--force'])
    const { code, stderr } = await app.run('node', ['session.js'], { env: { ...env, SESSION_SECRET: '' } })
    expect(code).toBe(1)
    expect(stderr).toContain('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')
  })
})
