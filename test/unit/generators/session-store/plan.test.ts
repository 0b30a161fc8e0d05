import { describe, expect, it } from 'vitest'
import { FRAMEWORK_NAMES, FRAMEWORKS } from '../../../../generators/session-store/frameworks.js'
import { planStore } from '../../../../generators/session-store/plan.js'
import { application } from '../application.js'
import { single } from '../single.js'

function plan(files: Record<string, string> = {}, input: Partial<Parameters<typeof planStore>[0]> = {}) {
  return single(planStore({ root: application(files).root, ...input }))
}

const packageJson = (...names: string[]) => ({
  'package.json': JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, '*'])) }),
})

describe('the framework of session-store', () => {
  it.each([
    ['express', ['express']],
    ['nest', ['@nestjs/platform-express', 'express']],
    ['react-router', ['react-router', 'express', '@react-router/express']],
    ['koa', ['koa', 'koa-session']],
    ['lambda', ['@types/aws-lambda']],
  ])('is %s with %j in package.json', (framework, names) => {
    expect(plan(packageJson(...names)).text).toBe(plan({}, { framework }).text)
  })

  it.each([
    ['has none', [], 'package.json has no framework that is known here: choose one'],
    ['has two', ['koa', 'hono'], 'package.json has koa and hono: choose one, for example --framework koa'],
  ])('has to be chosen when package.json %s', (_, names, message) => {
    expect(() => plan(packageJson(...names))).toThrow(message)
  })
})

describe('the file of session-store', () => {
  it.each([
    ['session.js', {}],
    ['session.ts', { 'tsconfig.json': '{}' }],
    ['src/session.js', { 'src/server.js': '' }],
  ])('is %s with %j', (path, files) => {
    const { path: planned } = plan({ ...packageJson('koa'), ...files })
    expect(planned.endsWith(`/${path}`)).toBe(true)
  })

  it('is in the folder of --dir', () => {
    expect(plan({}, { framework: 'koa', dir: 'lib\\web' }).path).toMatch(/\/lib\/web\/session\.js$/)
    expect(() => plan({}, { framework: 'koa', dir: 'a\u0000b' })).toThrow("can't be a folder")
  })

  it.each(FRAMEWORK_NAMES)(
    'takes the secret from ENV, and sends the cookie over https only in production: %s',
    (name) => {
      const { text } = plan({}, { framework: name, language: 'ts' })
      expect(text).toContain('process.env.SESSION_SECRET')
      expect(text).toMatch(/secure: production\b/)
      expect(text).toMatch(/sameSite: 'lax'/)
      expect(text).toMatch(/httpOnly: true|httponly: true/)
    },
  )

  it.each(FRAMEWORK_NAMES)('exports from CommonJS what the application imports: %s', (name) => {
    const { text } = plan({}, { framework: name, language: 'js' })
    const give = () => anything
    const anything: object = new Proxy(class {}, { get: give, apply: give, construct: give })
    const module = { exports: {} }
    new Function('require', 'module', 'process', text)(() => anything, module, { env: {} })
    expect(Object.keys(module.exports)).toEqual([...FRAMEWORKS[name].exports])
  })

  it.each([
    [undefined, 'only for development'],
    ['development', 'only for development'],
    ['test', 'only for development'],
    ['production', 'Set SESSION_SECRET'],
    ['staging', 'Set SESSION_SECRET'],
  ])('has a secret of its own only for development: NODE_ENV %s', (NODE_ENV, result) => {
    const { text } = plan({}, { framework: 'express', language: 'js' })
    const lines = text.slice(text.indexOf('const environment'), text.indexOf('/**'))
    const run = (env: object) => {
      try {
        return new Function('process', `${lines}; return secret`)({ env: { NODE_ENV, ...env } })
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(run({})).toContain(result)
    expect(run({ SESSION_SECRET: 'mine' })).toBe('mine')
  })

  it('names the packages that package.json lacks, and the two lines for the application', () => {
    const { next } = plan({
      ...packageJson('fastify', '@fastify/cookie', 'dynamo-session-store'),
      'pnpm-lock.yaml': '',
    })
    expect(next).toEqual([
      'pnpm add @fastify/session',
      "const { dynamoSession, sessionOptions } = require('./session.js')",
      'await app.register(dynamoSession, sessionOptions)',
    ])
  })

  it.each([
    ['koa', 'koa koa-session'],
    ['hono', 'hono @remix-run/session'],
    ['express', 'express express-session'],
    ['node-http', '@remix-run/session'],
  ])('names the framework too, if package.json lacks it: %s', (framework, packages) => {
    const { next } = plan(packageJson('dynamo-session-store'), { framework })
    expect(next[0]).toBe(`npm install ${packages}`)
  })
})
