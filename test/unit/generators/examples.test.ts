import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { planConfig } from '../../../generators/session-config/plan.js'
import { planInfrastructure } from '../../../generators/session-infrastructure/plan.js'
import { planMigration } from '../../../generators/session-migration/plan.js'
import { planStore } from '../../../generators/session-store/plan.js'
import { readTemplate } from '../../support/cloudformation.js'
import { single } from './single.js'

const EXAMPLES = ['fastify-api', 'hono-lambda', 'koa', 'nest', 'rails-and-node', 'remix']

/** What an example adds to the file of session-store: the text before, and the text in the example. */
const ADDED: Readonly<Record<string, readonly [before: string, after: string][]>> = {
  'fastify-api': [
    [
      'new DynamoSessionStore({ secretKey: secret })',
      `new DynamoSessionStore({
  secretKey: secret,
  // Shown to the user in the list of sessions. Browsers and addresses are personal data: record only what you need.
  describe: (request) => ({ userAgent: request.headers['user-agent'] }),
})`,
    ],
    [
      'export const sessionOptions',
      "/** @type {import('dynamo-session-store/fastify').DynamoSessionOptions} */\nexport const sessionOptions",
    ],
  ],
  nest: [['user?: string\n', 'user?: string\n    /** Time as an ISO text. */\n    signedInAt?: string\n']],
}

const rootOf = (name: string) => join(import.meta.dirname, '../../../examples', name)

describe('an example has what the generators write:', () => {
  afterEach(() => vi.unstubAllEnvs())

  it.each(['fastify-api', 'hono-lambda', 'koa', 'nest'])('the store of %s', (name) => {
    const { path, text } = single(planStore({ root: rootOf(name) }))
    const expected = (ADDED[name] ?? []).reduce((result, [before, after]) => result.replace(before, after), text)
    expect(readFileSync(path, 'utf8')).toBe(expected)
  })

  it.each(EXAMPLES)('the migration of %s', async (name) => {
    const plan = await planMigration({ root: rootOf(name), name: 'AddSessions' }, () => {
      throw new Error('an example creates its table')
    })
    const { path, text } = single(plan)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it.each(EXAMPLES)('the comments of the configuration of %s', (name) => {
    const root = rootOf(name)
    const { text } = single(planConfig({ root }))
    const lines = readFileSync(join(root, 'config/dynamo_session_store.yml'), 'utf8').split('\n').slice(1)
    expect(lines.filter((line) => line.startsWith('#') && !text.includes(line))).toEqual([])
  })

  it('the table of hono-lambda for SAM, which its template names', () => {
    vi.stubEnv('NODE_ENV', '')
    const root = rootOf('hono-lambda')
    const { path, text } = single(planInfrastructure({ root, target: 'sam' }))
    expect(readFileSync(path, 'utf8')).toBe(text)
    const { Sessions, Application } = readTemplate(readFileSync(join(root, 'template.yml'), 'utf8')).Resources
    expect(join(root, String(Sessions?.Properties.Location))).toBe(path)
    expect(Application?.Properties.Policies).toEqual([{ GetAtt: 'Sessions.Outputs.SessionRuntimePolicyArn' }])
    expect(readTemplate(text).Outputs).toHaveProperty('SessionRuntimePolicyArn')
  })
})
