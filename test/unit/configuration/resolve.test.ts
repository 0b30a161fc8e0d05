import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { assertSecretsReadable, resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { ConfigurationError } from '../../../runtime/errors.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'configuration-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function resolve(options: Options = {}, env: Record<string, string> = {}) {
  return resolveConfiguration({ root, ...options }, env)
}

function problemsOf(options: object, env: Record<string, string> = {}): string {
  try {
    resolve(options, env)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'no problem'
}

describe('the order of origins', () => {
  it('is code, ENV, file, default', () => {
    write('config/dynamo_session_store.yml', 'table_name: from-file\nmax_age: 3\nmax_stale: 4\n')
    const env = { AWS_DYNAMO_DB_SESSION_TABLE_NAME: 'from-env', AWS_DYNAMO_DB_SESSION_MAX_AGE: '2' }
    const configuration = resolve({ tableName: 'from-code' }, env)
    expect(configuration).toMatchObject({ tableName: 'from-code', maxAge: 2, maxStale: 4, tableKey: 'session_id' })
    expect(configuration.sources).toMatchObject({
      tableName: 'code',
      maxAge: 'ENV AWS_DYNAMO_DB_SESSION_MAX_AGE',
      maxStale: 'config/dynamo_session_store.yml:3',
      tableKey: 'default',
    })
  })

  it('lets null and undefined in code, and empty ENV, fall through', () => {
    write('config/dynamo_session_store.yml', 'table_name: from-file\nmax_age: 9\n')
    const configuration = resolve({ tableName: null, maxAge: undefined }, { AWS_DYNAMO_DB_SESSION_MAX_AGE: '' })
    expect(configuration).toMatchObject({ tableName: 'from-file', maxAge: 9 })
  })

  it('gives the documented defaults', () => {
    expect(resolve().toJSON()).toEqual({
      tableName: 'sessions',
      tableKey: 'session_id',
      secretKey: undefined,
      consistentRead: true,
      billingMode: 'pay_per_request',
      readCapacity: 10,
      writeCapacity: 5,
      maxReadRequestUnits: 0,
      maxWriteRequestUnits: 0,
      warmReadUnits: undefined,
      warmWriteUnits: undefined,
      raiseErrors: false,
      maxAge: undefined,
      maxStale: undefined,
      touchInterval: 60,
      locking: 'optimistic',
      enableLocking: false,
      lockExpiryTime: 500,
      lockRetryDelay: 500,
      lockMaxWaitTime: 1,
      sessionIdDigest: 'sha256',
      hashSessionIds: true,
      serializer: 'json',
      compress: 'none',
      compressThreshold: 1024,
      encryptionKeys: [],
      acceptPlainData: false,
      ttl: true,
      indexKeys: [],
      region: undefined,
      endpoint: undefined,
      transport: 'lean',
      batchReads: true,
      requestTimeout: 5000,
      attemptTimeout: 2000,
      connectTimeout: 1500,
      maxConnections: 50,
      tags: undefined,
      deletionProtection: false,
      pointInTimeRecovery: false,
      pointInTimeRecoveryDays: 35,
      kmsKeyId: undefined,
      tableClass: 'standard',
      manageTable: true,
      migrationsDir: 'migrations',
      migrationStorage: 'auto',
      configFile: undefined,
      environment: 'development',
      root,
      profile: undefined,
      maxAttempts: undefined,
    })
  })

  it('does not hash ids beside session_id_digest: md5, which means that Rails reads the table', () => {
    write('config/dynamo_session_store.yml', 'session_id_digest: md5\n')
    const { hashSessionIds, sources } = resolve()
    expect(hashSessionIds).toBe(false)
    expect(sources.hashSessionIds).toBe('config/dynamo_session_store.yml:1 (session_id_digest)')
    expect(resolve({ hashSessionIds: false }).sources.hashSessionIds).toBe('code')
    expect(resolve({ hashSessionIds: false, sessionIdDigest: 'sha256' }).hashSessionIds).toBe(false)
    expect(() => resolve({ hashSessionIds: true })).toThrow(
      'option hashSessionIds: must not be true beside sessionIdDigest md5 (config/dynamo_session_store.yml:1), because ' +
        "Rails can't find hashed ids; leave one of the two out",
    )
    expect(() => resolve({}, { AWS_DYNAMO_DB_SESSION_HASH_SESSION_IDS: 'true' })).toThrow(
      'ENV AWS_DYNAMO_DB_SESSION_HASH_SESSION_IDS: must not be true beside AWS_DYNAMO_DB_SESSION_SESSION_ID_DIGEST md5',
    )
  })

  it('keeps a configuration that is resolved already', () => {
    const configuration = resolve({ tableName: 'once' })
    expect(resolveConfiguration(configuration)).toBe(configuration)
  })
})

describe('the configuration file', () => {
  it('is the one of NODE_ENV, else the common one', () => {
    write('config/dynamo_session_store.yml', 'table_name: common\n')
    write('config/dynamo_session_store/production.yml', 'table_name: production\n')
    expect(resolve({}, { NODE_ENV: 'production' })).toMatchObject({
      tableName: 'production',
      environment: 'production',
      file: 'config/dynamo_session_store/production.yml',
    })
    expect(resolve({}, { NODE_ENV: 'test' })).toMatchObject({ tableName: 'common' })
    expect(resolve({ environment: 'production' })).toMatchObject({ tableName: 'production' })
  })

  it('is the one of development when NODE_ENV is not set', () => {
    write('config/dynamo_session_store/development.yml', 'table_name: dev\n')
    expect(resolve()).toMatchObject({ tableName: 'dev', environment: 'development' })
  })

  it('is the one named in code, else the one named in ENV, relative to the root', () => {
    write('a.yml', 'table_name: aaa\n')
    write('b.yml', 'table_name: bbb\n')
    const env = { AWS_DYNAMO_DB_SESSION_CONFIG_FILE: 'b.yml' }
    expect(resolve({ configFile: 'a.yml' }, env)).toMatchObject({ tableName: 'aaa', file: 'a.yml' })
    expect(resolve({}, env).sources.tableName).toBe('b.yml:1')
  })

  it('must exist when it is named', () => {
    expect(problemsOf({ configFile: 'no.yml' })).toBe('option configFile: no.yml: there is no such file')
    expect(problemsOf({}, { AWS_DYNAMO_DB_SESSION_CONFIG_FILE: 'no.yml' })).toBe(
      'ENV AWS_DYNAMO_DB_SESSION_CONFIG_FILE: no.yml: there is no such file',
    )
  })

  it('must be readable: an error names it', () => {
    mkdirSync(join(root, 'config/dynamo_session_store.yml'), { recursive: true })
    expect(problemsOf({})).toMatch(/^config\/dynamo_session_store.yml: can't be read: EISDIR/)
  })

  it('that ends in .yaml causes a warning', () => {
    write('config/dynamo_session_store.yaml', 'table_name: x\n')
    expect(resolve().warnings).toEqual(['config/dynamo_session_store.yaml is not read: its name must end in .yml'])
  })

  it('cannot be moved out of its folder by the name of the environment', () => {
    expect(problemsOf({}, { NODE_ENV: '../../etc/x' })).toContain('ENV NODE_ENV: "../../etc/x" can\'t be the name')
    expect(problemsOf({ environment: 'a/b' })).toContain('option environment')
  })
})

describe('ENV', () => {
  it('is read by the type of the option', () => {
    const env = {
      AWS_DYNAMO_DB_SESSION_TABLE_NAME: '123',
      AWS_DYNAMO_DB_SESSION_RAISE_ERRORS: 'TRUE',
      AWS_DYNAMO_DB_SESSION_TTL: '0',
      AWS_DYNAMO_DB_SESSION_LOCK_MAX_WAIT_TIME: '0.5',
      AWS_DYNAMO_DB_SESSION_TAGS: 'team=shop,stage=a=b',
      AWS_DYNAMO_DB_SESSION_SECRET_KEY: '0123',
    }
    expect({ ...resolve({}, env) }).toMatchObject({
      tableName: '123',
      raiseErrors: true,
      ttl: false,
      lockMaxWaitTime: 0.5,
      tags: { team: 'shop', stage: 'a=b' },
      secretKey: '0123',
    })
  })

  it.each([
    ['RAISE_ERRORS', 'maybe', 'must be true or false, not "maybe"'],
    ['MAX_AGE', '1.5', 'must be a whole number of seconds, at least 1, not 1.5'],
    ['MAX_AGE', 'ten', 'must be a whole number of seconds, at least 1, not "ten"'],
    ['MAX_AGE', '1e3', 'not "1e3"'],
    ['TAGS', 'nothing', 'must look like a=b,c=d, not "nothing"'],
    ['TAGS', 'a=b,a=c', 'has "a" twice'],
    ['INDEX_KEYS', 'user_id,,tenant', 'each must be the name of a session key'],
    ['INDEX_KEYS', 'user_id,data', 'can\'t hold "data": sessions have another attribute of that name'],
    ['BILLING_MODE', 'x', 'must be pay_per_request or provisioned, not "x"'],
    ['TABLE_NAME', 'a b c', 'may contain only letters'],
  ])('with a wrong value is an error that names the variable: %s=%s', (name, text, message) => {
    const problem = problemsOf({}, { [`AWS_DYNAMO_DB_SESSION_${name}`]: text })
    expect(problem).toContain(`ENV AWS_DYNAMO_DB_SESSION_${name}: `)
    expect(problem).toContain(message)
  })

  it('with an unknown name is a warning', () => {
    const env = { AWS_DYNAMO_DB_SESSION_TABLE_NAM: 'x', AWS_DYNAMO_DB_SESSION_CLIENT: 'x' }
    expect(resolve({}, env).warnings).toEqual([
      'ENV AWS_DYNAMO_DB_SESSION_CLIENT is not read: this option can only be set in code',
      'ENV AWS_DYNAMO_DB_SESSION_TABLE_NAM is not an option of dynamo-session-store; did you mean "AWS_DYNAMO_DB_SESSION_TABLE_NAME"?',
    ])
  })
})

describe('code', () => {
  it.each([null, [], 'x', 5])('must be an object: %j', (options) => {
    expect(() => resolveConfiguration(options as object)).toThrow(ConfigurationError)
  })

  it('may leave entries of a map unset', () => {
    expect(resolve({ tags: { a: 'b', c: null as unknown as string } }).tags).toEqual({ a: 'b' })
  })

  it('never shows the password of an endpoint', () => {
    expect(problemsOf({ endpoint: 'htp://user:hunter2@host' })).not.toContain('hunter2')
    const configuration = resolve({ endpoint: 'http://user:hunter2@localhost:1' })
    expect(JSON.stringify(configuration) + inspect(configuration)).not.toContain('hunter2')
    expect(configuration.endpoint).toBe('http://user:hunter2@localhost:1')
  })

  it.each([
    [{ tabelName: 'x' }, 'option tabelName: is not an option of dynamo-session-store; did you mean "tableName"?'],
    [{ table_name: 'x' }, 'did you mean "tableName"?'],
    [{ tableName: 5 }, 'option tableName: must be text, not 5'],
    [{ maxAge: '5' }, 'option maxAge: must be a whole number of seconds, at least 1, not "5"'],
    [{ maxAge: Number.NaN }, 'not NaN'],
    [{ client: {} }, 'option client: must be an object with a method send, not a map'],
    [{ errorHandler: {} }, 'option errorHandler: must be a function or an object with a method handle, not a map'],
    [
      { requestHandler: () => undefined },
      'option requestHandler: must be an object with a method handle, not a function',
    ],
    [{ serializer: 'marshal' }, 'Ruby objects'],
    [{ maxSessions: 3 }, 'option maxSessions: needs indexKeys, whose first key names the user'],
    [{ maxSessions: 0, indexKeys: ['user_id'] }, 'option maxSessions: must be a whole number of sessions, at least 1'],
    [{ describe: { userAgent: true } }, 'option describe: must be a function, not a map'],
    [{ indexKeys: 'user_id' }, 'option indexKeys: must be a list of texts, not "user_id"'],
    [{ indexKeys: ['user_id', 42] }, 'option indexKeys: must hold texts only, not 42 (put it in quotes)'],
    [{ indexKeys: ['user_id', 'locked_at'] }, 'option indexKeys: can\'t hold "locked_at"'],
    [{ indexKeys: ['a', 'b', 'a'] }, 'option indexKeys: has "a" twice'],
    [{ indexKeys: ['a/b'] }, 'not "a/b"'],
    [{ indexKeys: ['.a'] }, 'not ".a"'],
    [{ indexKeys: [''] }, 'not ""'],
    [{ indexKeys: ['x'.repeat(250)] }, 'must be at most 249 characters long'],
    [{ indexKeys: Array.from({ length: 21 }, (_, index) => `k${index}`) }, 'may have at most 20 entries, not 21'],
  ])('with a mistake is an error: %j', (options, message) => {
    expect(problemsOf(options)).toContain(message)
  })

  it('may give objects', () => {
    const client = new DynamoDBClient({})
    const errorHandler = { handle() {} }
    expect(resolve({ client, errorHandler })).toMatchObject({ client, errorHandler })
    expect(resolve({ errorHandler: errorHandler.handle }).errorHandler).toBe(errorHandler.handle)
  })
})

describe('on_conflict', () => {
  it('is a word or a function, and nothing else', () => {
    const decide = () => ({})
    expect(resolve({ onConflict: 'reject' }).onConflict).toBe('reject')
    expect(resolve({ onConflict: decide }).onConflict).toBe(decide)
    expect(problemsOf({ onConflict: 'guess' })).toBe(
      'option onConflict: must be merge or reject or a function, not "guess"',
    )
    expect(problemsOf({ onConflict: ['merge'] })).toContain('not a list')
    expect(problemsOf({ onConflict: Object.create(null) })).toContain('not a map')
  })
})

describe('problems of several origins', () => {
  it('are reported together', () => {
    write('config/dynamo_session_store.yml', 'max_stael: 1\nttl: 7\n')
    const message = problemsOf({ maxAge: 0 }, { AWS_DYNAMO_DB_SESSION_RAISE_ERRORS: 'maybe' })
    expect(message).toMatch(/^4 problems/)
    for (const place of ['option maxAge', 'ENV AWS_DYNAMO', 'store.yml:1:1', 'store.yml:2:6']) {
      expect(message).toContain(place)
    }
  })
})

describe('the billing mode', () => {
  it('is provisioned when a capacity is set, with the same source', () => {
    const configuration = resolve({}, { AWS_DYNAMO_DB_SESSION_READ_CAPACITY: '3' })
    expect(configuration).toMatchObject({ billingMode: 'provisioned', readCapacity: 3, writeCapacity: 5 })
    expect(configuration.sources.billingMode).toContain('ENV AWS_DYNAMO_DB_SESSION_READ_CAPACITY')
  })

  it('that is set wins over capacities', () => {
    expect(resolve({ billingMode: 'pay_per_request', readCapacity: 3 }).billingMode).toBe('pay_per_request')
  })
})

describe('index_keys', () => {
  it('is a list in code and in the file, and separated by commas in ENV', () => {
    expect(resolve({ indexKeys: ['user_id', 'user.id'] }).indexKeys).toEqual(['user_id', 'user.id'])
    write('config/dynamo_session_store.yml', 'index_keys: [user_id, "${OTHER}"]\n')
    const configuration = resolve({}, { OTHER: 'tenant' })
    expect(configuration.indexKeys).toEqual(['user_id', 'tenant'])
    expect(configuration.sources.indexKeys).toBe('config/dynamo_session_store.yml:1')
    const env = { OTHER: 'tenant', AWS_DYNAMO_DB_SESSION_INDEX_KEYS: 'user_id, account-1' }
    expect(resolve({}, env).indexKeys).toEqual(['user_id', 'account-1'])
  })

  it('with a mistake in the file is an error that names the place', () => {
    write('config/dynamo_session_store.yml', 'index_keys:\n  - user_id\n  - cookie\n')
    expect(problemsOf({})).toBe(
      'config/dynamo_session_store.yml:2:3: index_keys: can\'t hold "cookie": sessions have another attribute of that name',
    )
  })

  it("can't hold the table's key, wherever both come from", () => {
    expect(problemsOf({ indexKeys: ['session_id'] })).toBe(
      'option indexKeys: can\'t hold "session_id", the table\'s key (tableKey: default); give the key of the session another name',
    )
    write('config/dynamo_session_store.yml', 'index_keys: [a, sid]\n')
    expect(problemsOf({}, { AWS_DYNAMO_DB_SESSION_TABLE_KEY: 'sid' })).toMatch(
      /^config\/dynamo_session_store\.yml:1: index_keys: can't hold "sid".*\(table_key: ENV AWS_DYNAMO_DB_SESSION_TABLE_KEY\)/,
    )
  })
})

describe('serializer', () => {
  it('may be json_allow_marshal, in code, in ENV and in the file', () => {
    const serializer = 'json_allow_marshal'
    expect(resolve().serializer).toBe('json')
    expect(resolve({ serializer }).serializer).toBe(serializer)
    expect(resolve({}, { AWS_DYNAMO_DB_SESSION_SERIALIZER: serializer }).serializer).toBe(serializer)
    write('config/dynamo_session_store.yml', `serializer: ${serializer}\n`)
    expect(resolve().serializer).toBe(serializer)
  })
})

describe('locking', () => {
  it('is pessimistic with enable_locking, none with an explicit false, unless the option locking is set', () => {
    expect(resolve()).toMatchObject({ locking: 'optimistic' })
    expect(resolve({ enableLocking: true })).toMatchObject({ locking: 'pessimistic' })
    expect(resolve({ enableLocking: false })).toMatchObject({ locking: 'none' })
    expect(resolve({ enableLocking: false, locking: 'optimistic' })).toMatchObject({ locking: 'optimistic' })
    const { sources } = resolve({}, { AWS_DYNAMO_DB_SESSION_ENABLE_LOCKING: 'true' })
    expect(sources.locking).toBe('ENV AWS_DYNAMO_DB_SESSION_ENABLE_LOCKING (enable_locking)')
  })
})

describe('the secret', () => {
  it('may be a list, in code and in the file', () => {
    expect(resolve({ secretKey: ['new', 'old'] }).secretKey).toEqual(['new', 'old'])
    write('config/dynamo_session_store.yml', 'secret_key: ["${NEW}", old]\n')
    const configuration = resolve({}, { NEW: 'fresh' })
    expect(configuration.secretKey).toEqual(['fresh', 'old'])
    expect(JSON.stringify(configuration)).not.toContain('fresh')
    expect(() => assertSecretsReadable(resolve())).toThrow('NEW is not set')
    expect(problemsOf({ secretKey: [] })).toContain('must not be an empty list')
    expect(problemsOf({ secretKey: ['a', 5] })).toContain('option secretKey: must be text')
  })

  it('falls back to SECRET_KEY_BASE', () => {
    const configuration = resolve({}, { SECRET_KEY_BASE: 'base' })
    expect(configuration.secretKey).toBe('base')
    expect(configuration.sources.secretKey).toBe('ENV SECRET_KEY_BASE')
    expect(resolve({ secretKey: 'code' }, { SECRET_KEY_BASE: 'base' }).secretKey).toBe('code')
  })

  it('never shows when a configuration is printed', () => {
    const configuration = resolve({ secretKey: 'hunter2' })
    for (const text of [
      JSON.stringify(configuration),
      inspect(configuration),
      `${inspect({ configuration }, false, 9)}`,
    ]) {
      expect(text).not.toContain('hunter2')
      expect(text).toContain('********')
    }
  })

  it('that names an unset variable stops only callers that need the secret', () => {
    write('config/dynamo_session_store.yml', 'secret_key: ${APP_SECRET}\n')
    const configuration = resolve()
    expect(configuration.secretKey).toBeUndefined()
    expect(() => assertSecretsReadable(configuration)).toThrow(
      'config/dynamo_session_store.yml:1:13: secret_key: the environment variable APP_SECRET is not set',
    )
  })

  it('given in ENV makes the reference in the file irrelevant', () => {
    write('config/dynamo_session_store.yml', 'secret_key: ${APP_SECRET}\n')
    const configuration = resolve({}, { AWS_DYNAMO_DB_SESSION_SECRET_KEY: 'x' })
    expect(() => assertSecretsReadable(configuration)).not.toThrow()
  })
})
