import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { ConfigurationError } from '../../../runtime/errors.js'
import { folderWith } from '../../support/folder.js'

interface Setting {
  readonly code?: Record<string, unknown>
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
}

function resolve({ code = {}, env = {}, files = {} }: Setting) {
  return resolveConfiguration({ root: folderWith(files), ...code }, env)
}

function problemsOf(setting: Setting): string {
  try {
    resolve(setting)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'none'
}

/** Name in code, a value, name in YAML, and what to use instead in code and in YAML; ENV has the names of YAML. */
const FAMILIAR: [string, unknown, string, string, string][] = [
  ['prefix', 'shop:', 'prefix', 'use keyPrefix, which ends in a colon', 'use key_prefix, which ends in a colon'],
  ['table', 'visits', 'table', 'use tableName', 'use table_name'],
  ['hashKey', 'id', 'hash_key', 'use tableKey', 'use table_key'],
  ['touchAfter', 60, 'touch_after', 'use touchInterval, in seconds', 'use touch_interval, in seconds'],
  ['disableTouch', true, 'disable_touch', 'raise touchInterval', 'raise touch_interval'],
  ['createTableIfMissing', true, 'create_table_if_missing', 'npx dynamo-session create-table', 'call createTable()'],
  ['dynamo_db_client', {}, 'dynamo_db_client', 'use client, in code only', 'use client, in code only'],
  ['dynamoDBClient', {}, 'dynamo_db_client', 'use client, in code only', 'use client, in code only'],
  ['handle_error', true, 'handle_error', 'use errorHandler, in code only', 'use errorHandler, in code only'],
  ['pruneSessionInterval', 60, 'prune_session_interval', 'by itself (ttl)', 'run npx dynamo-session clean'],
  ['reapInterval', 60, 'reap_interval', 'by itself (ttl)', 'run npx dynamo-session clean'],
  ['autoRemove', 'native', 'auto_remove', 'by itself (ttl)', 'run npx dynamo-session clean'],
  ['autoRemoveInterval', 10, 'auto_remove_interval', 'by itself (ttl)', 'run npx dynamo-session clean'],
  ['specialKeys', [], 'special_keys', 'use indexKeys', 'use index_keys'],
  ['collectionName', 'sessions', 'collection_name', 'use tableName', 'use table_name'],
  ['errorLog', console.error, 'error_log', 'use errorHandler, in code only', 'use errorHandler, in code only'],
]

describe('an option of another session store', () => {
  it.each(FAMILIAR)('is refused in code with what to use here: %s', (name, value, _, inCode) => {
    const problem = problemsOf({ code: { [name]: value } })
    expect(problem.startsWith(`option ${name}: is not an option of dynamo-session-store; `)).toBe(true)
    expect(problem).toContain(inCode)
  })

  it.each(FAMILIAR)('is refused in the file and in ENV as they spell options: %s', (_, __, name, ___, inYaml) => {
    const file = 'config/dynamo_session_store.yml'
    const inFile = problemsOf({ files: { [file]: `${name}: x\n` } })
    expect(inFile.startsWith(`${file}:1:1: unknown option "${name}"; `)).toBe(true)
    expect(inFile).toContain(inYaml)
    const variable = `AWS_DYNAMO_DB_SESSION_${name.toUpperCase()}`
    const inEnvironment = problemsOf({ env: { [variable]: 'x' } })
    expect(inEnvironment.startsWith(`ENV ${variable}: is not an option of dynamo-session-store; `)).toBe(true)
    expect(inEnvironment).toContain(
      inYaml.replace(/\b[a-z]+_[a-z]+\b/, (option) => `AWS_DYNAMO_DB_SESSION_${option.toUpperCase()}`),
    )
  })

  it('is left alone in ENV when it is empty', () => {
    expect(problemsOf({ env: { AWS_DYNAMO_DB_SESSION_PREFIX: '' } })).toBe('none')
  })
})

describe('a ttl that is a time', () => {
  it('is refused with the options for the lifetime of sessions, as the caller spells them', () => {
    expect(problemsOf({ code: { ttl: 3600 } })).toBe(
      'option ttl: must be true or false, not 3600; for the lifetime of sessions, use maxStale or maxAge, in seconds',
    )
    expect(problemsOf({ files: { 'config/dynamo_session_store.yml': 'ttl: 3600\n' } })).toBe(
      'config/dynamo_session_store.yml:1:6: ttl: must be true or false, not 3600; for the lifetime of sessions, use max_stale or max_age, in seconds',
    )
    expect(problemsOf({ env: { AWS_DYNAMO_DB_SESSION_TTL: '3600' } })).toBe(
      'ENV AWS_DYNAMO_DB_SESSION_TTL: must be true or false, not "3600"; for the lifetime of sessions, use AWS_DYNAMO_DB_SESSION_MAX_STALE or AWS_DYNAMO_DB_SESSION_MAX_AGE, in seconds',
    )
  })
})

describe('a variable of an early version of the Ruby gem', () => {
  const old = { DYNAMO_DB_SESSION_TABLE_NAME: 'visits' }

  it('is refused with its new name', () => {
    expect(problemsOf({ env: old })).toBe(
      'ENV DYNAMO_DB_SESSION_TABLE_NAME: is not read: rename it to AWS_DYNAMO_DB_SESSION_TABLE_NAME',
    )
  })

  it('is left alone where code or the file sets the option, perhaps from this variable', () => {
    expect(resolve({ env: old, code: { tableName: 'visits' } })).toMatchObject({ tableName: 'visits', warnings: [] })
    const files = { 'config/dynamo_session_store.yml': 'table_name: ${DYNAMO_DB_SESSION_TABLE_NAME}\n' }
    expect(resolve({ env: old, files })).toMatchObject({ tableName: 'visits', warnings: [] })
  })

  it('is left alone beside the new one, when it is empty, and when it names no option', () => {
    const current = { ...old, AWS_DYNAMO_DB_SESSION_TABLE_NAME: 'new' }
    expect(resolve({ env: current })).toMatchObject({ tableName: 'new', warnings: [] })
    expect(resolve({ env: { DYNAMO_DB_SESSION_TABLE_NAME: '' } }).tableName).toBe('sessions')
    expect(resolve({ env: { DYNAMO_DB_SESSION_COLOUR: 'red' } }).warnings).toEqual([])
  })
})

describe("the Ruby gem's configuration file", () => {
  const GEM = 'config/aws_dynamo_db_session_store.yml'
  const GEM_IN_PRODUCTION = 'config/aws_dynamo_db_session_store/production.yml'
  const text = 'table_name: visits\n'

  it('is refused with what to do, if this package has no file', () => {
    const remedy = 'or set AWS_DYNAMO_DB_SESSION_CONFIG_FILE to its path'
    expect(problemsOf({ files: { [GEM]: text } })).toBe(
      `${GEM}: is the Ruby gem's file, which is not read here: copy it to config/dynamo_session_store.yml, ${remedy}`,
    )
    expect(problemsOf({ files: { [GEM_IN_PRODUCTION]: text }, env: { NODE_ENV: 'production' } })).toBe(
      `${GEM_IN_PRODUCTION}: is the Ruby gem's file, which is not read here: copy it to config/dynamo_session_store/production.yml, ${remedy}`,
    )
  })

  it('is a warning where code, ENV or a file for another environment configures the application', () => {
    const files = { [GEM]: text }
    const warning = expect.stringContaining(`${GEM} is the Ruby gem's file, which is not read here`)
    expect(resolve({ files, code: { tableName: 'ours' } })).toMatchObject({ tableName: 'ours', warnings: [warning] })
    expect(resolve({ files, env: { AWS_DYNAMO_DB_SESSION_TABLE_NAME: 'ours' } }).warnings).toEqual([warning])
    const elsewhere = { ...files, 'config/dynamo_session_store/production.yml': 'table_name: ours\n' }
    expect(resolve({ files: elsewhere, env: { NODE_ENV: 'test' } }).warnings).toEqual([warning])
  })

  it('is ignored beside the file of this package and in another environment, and read where it is named', () => {
    const both = { [GEM]: text, 'config/dynamo_session_store.yml': 'table_name: ours\n' }
    expect(resolve({ files: both }).tableName).toBe('ours')
    expect(resolve({ files: { [GEM_IN_PRODUCTION]: text } }).tableName).toBe('sessions')
    const env = { AWS_DYNAMO_DB_SESSION_CONFIG_FILE: GEM }
    expect(resolve({ files: { [GEM]: text }, env }).tableName).toBe('visits')
    expect(resolve({ files: { [GEM]: text }, code: { configFile: GEM } }).tableName).toBe('visits')
  })
})
