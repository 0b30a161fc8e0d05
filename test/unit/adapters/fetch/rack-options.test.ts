import { describe, expect, it } from 'vitest'
import { createSessionManager, createSessionStorage } from '../../../../runtime/fetch.js'
import { ConfigurationError, MissingSecretKeyError, resolveConfiguration } from '../../../../runtime/index.js'

const secretKey = 'long enough, and nobody has guessed it yet'
const open = (options: object) => () => createSessionManager({ secretKey, region: 'us-east-1', ...options })

describe('the options of a session manager', () => {
  it.each([
    [{ key: 'a b' }, 'option key: must be the name of a cookie, not "a b"'],
    [{ key: '' }, 'option key: must be the name of a cookie, not ""'],
    [{ path: '/a;b' }, 'option path: must be a path, such as /shop, not "/a;b"'],
    [{ domain: 'exa mple' }, 'option domain: must be a domain, such as example.com, not "exa mple"'],
    [{ expireAfter: 0 }, 'option expireAfter: must be a number of seconds, more than 0 and at most 3155760000, not 0'],
    [{ expireAfter: Number.NaN }, /not NaN$/],
    [{ expireAfter: 1e15 }, /not 1000000000000000$/],
    [{ expireAfter: '1 day' }, /not "1 day"$/],
    [{ sameSite: 'Lax' }, `option sameSite: must be 'strict', 'lax', 'none' or false, not "Lax"`],
    [{ secure: 'yes' }, `option secure: must be true, false or 'auto', not "yes"`],
    [{ skip: [1] }, 'option skip: must be true or false, not [1]'],
    [{ httpOnly: true }, 'option httpOnly: is not an option of the session manager; did you mean "httponly"?'],
    [{ expire_after: 60 }, 'option expire_after: is not an option of the session manager; did you mean "expireAfter"?'],
    [{ same_site: 'lax' }, 'option same_site: is not an option of the session manager; did you mean "sameSite"?'],
    [{ table_name: 'x' }, 'option table_name: is not an option of dynamo-session-store; did you mean "tableName"?'],
    [{ cookie: {} }, 'option cookie: is not an option of dynamo-session-store'],
    [{ tableName: 'a' }, /^option tableName: /],
  ])('%j is refused', (options, message) => {
    expect(open(options)).toThrow(ConfigurationError)
    expect(open(options)).toThrow(message)
  })

  it.each([
    [
      { key: '__Host-session', secure: false },
      "option secure: can't be false, because browsers accept the cookie's name",
    ],
    [{ key: '__secure-session', secure: false }, "option secure: can't be false"],
    [{ sameSite: 'none', secure: false }, "because browsers accept sameSite 'none' only with Secure"],
    [{ partitioned: true, secure: false }, 'because browsers accept partitioned only with Secure'],
    [{ key: '__Host-session', domain: 'example.com' }, "option domain: can't be set, because browsers accept"],
    [{ key: '__HOST-session', path: '/shop' }, 'option path: must be /, because browsers accept'],
    [{ rails: true, sessionIdDigest: 'sha256' }, 'option sessionIdDigest: can\'t be "sha256" with rails: true'],
    [{ rails: true, hashSessionIds: true }, "option hashSessionIds: can't be true with rails: true"],
    [{ rails: 'yes' }, 'option rails: must be true or false, not "yes"'],
  ])('%j is refused, because the options contradict each other', (options, message) => {
    expect(open(options)).toThrow(ConfigurationError)
    expect(open(options)).toThrow(message)
  })

  it.each([
    { key: '__Host-session', path: '/' },
    { key: '__Host-session', secure: 'auto' },
    { key: '__Secure-session', domain: 'example.com', path: '/shop' },
    { sameSite: 'none' },
    { partitioned: true, secure: true },
    { rails: true, sessionIdDigest: 'md5' },
  ])('%j is accepted', (options) => {
    expect(open(options)).not.toThrow()
  })

  it('are refused with one error that names all wrong options', () => {
    expect(open({ secure: 1, tableName: 'a', what: 2 })).toThrow(
      /^3 problems[\s\S]*option secure[\s\S]*option tableName[\s\S]*option what/,
    )
  })

  it.each([null, 'sessions', []])('must be an object, not %j', (options) => {
    expect(() => createSessionManager(options as object)).toThrow('options: must be an object')
  })

  it('may be a resolved configuration', () => {
    expect(createSessionManager(resolveConfiguration({ secretKey })).storage).toBeDefined()
  })

  it('are refused without a secret, with an error that says where to set it', () => {
    const create = () => createSessionManager({ environment: 'none' })
    expect(create).toThrow(MissingSecretKeyError)
    expect(create).toThrow(/option secretKey, ENV AWS_DYNAMO_DB_SESSION_SECRET_KEY or SECRET_KEY_BASE/)
  })

  it('include no Rack options and need no secret for the storage', () => {
    expect(createSessionStorage({ environment: 'none' })).toBeDefined()
    expect(() => createSessionStorage({ secure: true } as object)).toThrow('option secure: is not an option')
  })
})
