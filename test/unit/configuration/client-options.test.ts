import { inspect } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { overAmbient, withAmbient } from '../../../runtime/configuration/options-in-migrations.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'

const credentials = { accessKeyId: 'AKIDHIDDEN', secretAccessKey: 'hidden' }
const requestHandler = { handle: async () => ({ response: {} as never }) }
const logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Everything that is wrong with options, one line each. */
function problemsOf(options: object): string[] {
  try {
    resolveConfiguration({ root: '/nowhere', ...options } as Options, {})
    return []
  } catch (error) {
    return (error as { problems: { place: string; text: string }[] }).problems.map(
      ({ place, text }) => `${place}: ${text}`,
    )
  }
}

describe('the options for the client that the package makes', () => {
  it.each([
    { credentials },
    { credentials: { ...credentials, sessionToken: 'token', expiration: new Date(0) } },
    { credentials: async () => credentials },
    { profile: 'shop' },
    { maxAttempts: 1 },
    { requestHandler },
    { logger },
    { logger: console },
    { requestTimeout: 10, attemptTimeout: 5000, connectTimeout: 9000 },
  ])('accept %o', (options) => {
    expect(problemsOf(options)).toEqual([])
  })

  it.each([
    ['credentials', 'AKIDHIDDEN:hidden', 'accessKeyId is missing'],
    ['credentials', { accessKeyId: 'AKIDHIDDEN' }, 'secretAccessKey is missing'],
    ['credentials', { accessKeyId: 'AKIDHIDDEN', secretAccessKey: '' }, 'secretAccessKey is missing'],
    ['credentials', { ...credentials, accessKeyId: 5 }, 'accessKeyId is missing'],
    ['credentials', [credentials], 'accessKeyId is missing'],
    ['profile', '', 'must be at least 1 characters long, not 0'],
    ['profile', 5, 'must be text, not 5'],
    ['maxAttempts', 0, 'must be a whole number of attempts, at least 1, not 0'],
    ['requestHandler', { connectionTimeout: 5 }, 'must be an object with a method handle, not a map'],
    ['requestHandler', () => {}, 'must be an object with a method handle, not a function'],
    ['logger', { info() {}, warn() {} }, 'must be an object with the methods debug, info, warn, error, not a map'],
    ['requestTimeout', 0, 'must be a whole number of milliseconds, 1 to 2147483647, not 0'],
    ['attemptTimeout', 2 ** 31, 'must be a whole number of milliseconds, 1 to 2147483647, not 2147483648'],
    ['connectTimeout', 0.5, '1 to 2147483647, not 0.5'],
    ['maxConnections', 0, 'must be a whole number of connections, at least 1, not 0'],
  ])('refuse a wrong %s (%o)', (name, value, message) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toEqual([expect.stringContaining(`option ${name}: `)])
    expect(problems[0]).toContain(message)
    expect(problems[0]).not.toMatch(/hidden/i)
  })

  it('never show credentials when a configuration is printed', () => {
    for (const given of [credentials, async () => credentials]) {
      const configuration = resolveConfiguration({ root: '/nowhere', credentials: given }, {})
      expect(configuration.credentials).toBe(given)
      expect(`${inspect(configuration, { depth: 9 })}${JSON.stringify(configuration)}`).not.toMatch(
        /hidden|credentials/i,
      )
    }
  })
})

describe('a client of the application', () => {
  const client = new DynamoDBClient({ region: 'eu-west-1' })

  it('refuses each option that has no effect beside it, and says what to do', () => {
    const ignored = { credentials, profile: 'shop', maxAttempts: 2, requestHandler, logger }
    const text = 'has no effect beside the option client; set it when you make that client, or leave client out'
    expect(problemsOf({ client, ...ignored })).toEqual(Object.keys(ignored).map((name) => `option ${name}: ${text}`))
    expect(problemsOf({ client, profile: null, logger: undefined })).toEqual([])
  })

  it('is accepted beside options that ENV and the file may set for other programs', () => {
    const options = { region: 'eu-central-1', endpoint: 'http://localhost:1', requestTimeout: 9, maxConnections: 2 }
    expect(problemsOf({ client, ...options })).toEqual([])
  })

  it('in a migration replaces the client settings of its umzug, and the other way round', () => {
    withAmbient({ options: { credentials, profile: 'shop', tableName: 'visits' } }, () => {
      expect(overAmbient({ client })).toEqual({ client, tableName: 'visits' })
      expect(overAmbient({ profile: 'other' })).toEqual({ credentials, profile: 'other', tableName: 'visits' })
      expect(problemsOf({ client })).toEqual([])
      withAmbient({ options: { client } }, () => expect(problemsOf({ tableName: 'other' })).toEqual([]))
    })
    withAmbient({ options: { client, tableName: 'visits' } }, () => {
      expect(overAmbient({ credentials })).toEqual({ credentials, tableName: 'visits' })
      expect(overAmbient({ credentials: null })).toMatchObject({ client })
    })
  })
})
