import { afterEach, describe, expect, it, vi } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { folderWith } from '../../support/folder.js'
import { withFreshWarnings } from '../../support/process-warnings.js'

const LONG = 'long enough, and nobody has guessed it yet'
const LATER = 'also long enough, and not guessed either'

afterEach(() => vi.unstubAllEnvs())

describe('a secret of a store that could be guessed', () => {
  const fresh = () => withFreshWarnings(() => import('../../../runtime/configuration/secrets.js'))
  const configure = (secretKey: string | string[], environment = 'development') =>
    resolveConfiguration({ secretKey, environment, root: folderWith() }, {})

  it.each([
    [
      'short',
      'option secretKey: has only 5 bytes; 32 or more are safe; use a random secret, such as the output of: node -p',
    ],
    [
      'change-me-change-me-change-me-change-me',
      'option secretKey: is a placeholder, which anybody can guess; use a random',
    ],
    [['short', LONG], 'option secretKey: has only 5 bytes'],
  ])('%j is refused in production, and warned about once elsewhere', async (secret, message) => {
    const { module, warnings } = await fresh()
    const { assertSecretsUsable } = module
    expect(() => assertSecretsUsable(configure(secret, 'production'))).toThrow(message)
    expect(warnings).toEqual([])
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => assertSecretsUsable(configure(secret, 'blue'))).toThrow(message)
    vi.stubEnv('NODE_ENV', undefined)
    assertSecretsUsable(configure(secret))
    assertSecretsUsable(configure(secret))
    expect(warnings).toEqual([{ code: 'DYNAMO_SESSION_STORE_SECRET', text: expect.stringContaining(message) }])
  })

  it('may still verify later in a list, so that it can be replaced; the process warns once', async () => {
    const { module, warnings } = await fresh()
    for (const _ of [1, 2]) module.assertSecretsUsable(configure([LONG, LATER, 'short'], 'production'))
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^option secretKey: secret 3 of the list has only 5 bytes/),
    ])
  })

  it('is named by the place where it is set, and never shown', async () => {
    const { module, warnings } = await fresh()
    const root = folderWith({ 'config/dynamo_session_store.yml': 'secret_key: hunter2\n' })
    module.assertSecretsUsable(resolveConfiguration({ root }, {}))
    module.assertSecretsUsable(resolveConfiguration({ root: folderWith() }, { SECRET_KEY_BASE: 'hunter2' }))
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^config\/dynamo_session_store\.yml:1: secret_key: has only 7 bytes/),
      expect.stringMatching(/^ENV SECRET_KEY_BASE: has only 7 bytes/),
    ])
    expect(JSON.stringify(warnings)).not.toContain('hunter2')
  })

  it.each([LONG, 'ä'.repeat(8) + 'öü'.repeat(4), [LONG, LATER]])('%j is safe', async (secret) => {
    const { module, warnings } = await fresh()
    module.assertSecretsUsable(configure(secret, 'production'))
    module.assertSecretsUsable(configure(secret))
    expect(warnings).toEqual([])
  })

  it('is no problem where there is no secret', async () => {
    const { module } = await fresh()
    module.assertSecretsUsable(resolveConfiguration({ environment: 'production', root: folderWith() }, {}))
  })
})

it('every store checks its secret', async () => {
  const options = { secretKey: 'short', environment: 'production', region: 'us-east-1' }
  const [{ DynamoSessionStore: Express }, { DynamoSessionStore: Fastify }, { DynamoSessionStore: Koa }, fetch] =
    await Promise.all([
      import('../../../runtime/express.js'),
      import('../../../runtime/fastify.js'),
      import('../../../runtime/koa.js'),
      import('../../../runtime/fetch.js'),
    ])
  const makers = [
    () => new Express(options),
    () => new Fastify(options),
    () => new Koa(options),
    () => fetch.createSessionStorage(options),
    () => fetch.createSessionManager(options),
  ]
  for (const make of makers) expect(make).toThrow('option secretKey: has only 5 bytes')
})
