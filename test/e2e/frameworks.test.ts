import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { freePort } from '../support/engines-start.js'
import { start, startServer, stopPrograms } from '../support/programs.js'
import { block } from '../support/readme.js'

/** The programs of the README, one for each framework, and the command that runs each as written. */
const PROGRAMS: [file: string, ...command: string[]][] = [
  ['server.mjs', 'node'],
  ['fastify.mjs', 'node'],
  ['koa.mjs', 'node'],
  ['remix.mjs', 'node'],
  ['hono.mjs', 'node'],
  ['node-http.mjs', 'node'],
  ['nest.ts', 'npx', 'tsx', '--tsconfig', 'tsconfig.nest.json'],
]

/** The frameworks of the programs that import `./session.js`. */
const FRAMEWORKS: Readonly<Record<string, string>> = { 'server.mjs': 'express', 'nest.ts': 'nest' }

describe('the README', () => {
  let app: App
  let env: Record<string, string>
  beforeAll(async () => {
    app = await installApp({ type: 'module' })
    const port = await freePort()
    env = {
      AWS_ENDPOINT_URL_DYNAMODB: `http://localhost:${port}`,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_DYNAMO_DB_SESSION_SECRET_KEY: 'a secret of forty characters, or of more.',
      SESSION_SECRET: 'another secret of forty characters, or more',
    }
    await start(app, 'npx', ['dynamo-session', 'local', '--path', '.dynamodb', '--port', String(port)], {}, /http:\/\//)
    const created = await app.run('npx', ['dynamo-session', 'create-table'], { env })
    expect(created.code, created.stdout + created.stderr).toBe(0)
    await app.run('npx', ['dynamo-session', 'init'])
  })
  afterAll(async () => {
    await stopPrograms()
    await app.remove()
  })

  /** Runs `npx plop session-store` for the program. */
  async function generate(file: string, language = 'js'): Promise<void> {
    if (!block(file).includes('./session.js')) return
    const framework = FRAMEWORKS[file] ?? file.replace('.mjs', '')
    const args = ['plop', 'session-store', framework, '--force', '--', '--language', language]
    const { code, stdout, stderr } = await app.run('npx', args)
    expect(code, stdout + stderr).toBe(0)
    expect(stdout + stderr).toContain("from './session.js'")
  }

  it.each(PROGRAMS)('keeps a signed-in session over a restart with %s as written', async (file, ...command) => {
    await app.write(file, block(file))
    const compilerOptions = { target: 'es2022', module: 'nodenext', experimentalDecorators: true }
    await app.write('tsconfig.nest.json', JSON.stringify({ compilerOptions }))
    await generate(file)
    const [program = '', ...args] = [...command, file]
    const first = await startServer(app, program, args, env)
    expect((await first.get('/')).text).toBe('hello nobody')
    const { text, cookie } = await first.get('/sign-in')
    expect(text).toBe('signed in as ada')
    expect((await first.get('/', cookie)).text).toBe('hello ada')
    await first.stop()
    const second = await startServer(app, program, args, env)
    expect((await second.get('/', cookie)).text).toBe('hello ada')
    expect((await second.get('/')).text).toBe('hello nobody')
    await second.stop()
  })

  it('keeps a signed-in session with react-router.mjs as written', async () => {
    await generate('react-router.mjs')
    await app.write('react-router.mjs', block('react-router.mjs'))
    await app.write(
      'ask.mjs',
      `import { action, loader } from './react-router.mjs'
const url = 'http://localhost/'
const posted = await action({ request: new Request(url, { method: 'POST' }) })
const cookie = posted.headers.getSetCookie().join().split(';')[0]
const answer = async (init) => (await loader({ request: new Request(url, init) })).text()
console.log([await answer({}), await answer({ headers: { cookie } })].join('|'))`,
    )
    const { stdout, stderr } = await app.run('node', ['ask.mjs'], { env })
    expect(stdout, stderr).toBe('hello nobody|hello ada\n')
  })

  it('keeps a signed-in session with lambda.mjs as written', async () => {
    await generate('lambda.mjs')
    await app.write('lambda.mjs', block('lambda.mjs'))
    await app.write(
      'ask.mjs',
      `import { handler } from './lambda.mjs'
const signedIn = await handler({ rawPath: '/sign-in', headers: {} })
const cookies = signedIn.cookies.map((cookie) => cookie.split(';')[0])
const nobody = await handler({ rawPath: '/', headers: {} })
const ada = await handler({ rawPath: '/', headers: {}, cookies })
console.log([signedIn.body, nobody.body, ada.body].join('|'))`,
    )
    const { stdout, stderr } = await app.run('node', ['ask.mjs'], { env })
    expect(stdout, stderr).toBe('signed in as ada|hello nobody|hello ada\n')
  })
})
