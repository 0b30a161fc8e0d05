import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { assertSecretsReadable, resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { ConfigurationError } from '../../../runtime/errors.js'
import { fitForOutput } from '../../../runtime/fit-for-output.js'
import { newKey } from '../../support/encryption.js'
import { folderWith } from '../../support/folder.js'

const [K1, K2] = [newKey('k1'), newKey('k2')]
const KEYS = 'AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS'
const keys = async () => [K1]

/** The configuration of a folder with this file. */
function resolve(options: Options = {}, env: Record<string, string> = {}, yaml = '') {
  return resolveConfiguration({ ...options, root: folderWith({ 'config/dynamo_session_store.yml': yaml }) }, env)
}

function problemOf(...given: Parameters<typeof resolve>): string {
  try {
    resolve(...given)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('accepted')
}

describe('encryption_keys', () => {
  it('come from code, ENV, or the file, where ${…} is filled in', () => {
    const url = `k3:${Buffer.alloc(32, 255).toString('base64url')}`
    expect(resolve({ encryptionKeys: [K1, url] }).encryptionKeys).toEqual([K1, url])
    expect(resolve({}, { [KEYS]: `${K2}, ${K1}` }).encryptionKeys).toEqual([K2, K1])
    expect(resolve({}, { A: K1 }, 'encryption_keys: ["${A}"]\n').encryptionKeys).toEqual([K1])
    expect(resolve({}, { A: `${K2},${K1}` }, 'encryption_keys: ${A}\n').encryptionKeys).toEqual([K2, K1])
  })

  it('are never printed', () => {
    const configuration = resolve({ encryptionKeys: [K1] })
    const encryption = { keys, hidden: K1 }
    const shown = [configuration, resolve({ encryption })].flatMap((one) => [
      inspect(one, { depth: 9, showHidden: true }),
      JSON.stringify(one),
      String(one),
    ])
    expect(shown.join()).not.toContain(K1.slice(3))
    expect(shown[0]).toContain("encryptionKeys: '********'")
    expect(fitForOutput(`failed with ${K1.slice(3)} and ${K1}`)).toBe('failed with [redacted] and k1:[redacted]')
  })

  it.each<[string, string[]]>([
    ['a key without an id', [K1.slice(3)]],
    ['16 bytes', [`k1:${Buffer.alloc(16).toString('base64')}`]],
    ['33 bytes', [`k1:${Buffer.alloc(33).toString('base64')}`]],
    ['hex', [`k1:${Buffer.alloc(32).toString('hex')}`]],
    ['an id with a space', [`k 1${K1.slice(2)}`]],
    ['an id of 33 characters', ['x'.repeat(33) + K1.slice(2)]],
  ])('refuses %s, and does not show it', (_what, encryptionKeys) => {
    const problem = problemOf({ encryptionKeys })
    expect(problem).toMatch(
      /^option encryptionKeys: each must be an id, a colon and 32 bytes in base64, such as k1:\$\(openssl rand -base64 32\), not what is there$/,
    )
  })

  it('refuses an id twice, and the same key twice', () => {
    expect(problemOf({ encryptionKeys: [K1, newKey('k1')] })).toBe(
      'option encryptionKeys: has the id "k1" twice; give each key its own id',
    )
    expect(problemOf({}, { [KEYS]: `${K1},${K1}` })).toBe(`ENV ${KEYS}: has an entry twice`)
  })

  it('refuses a table that Rails shares', () => {
    for (const given of [{ encryptionKeys: [K1] }, { encryption: { keys } }] as Options[]) {
      expect(problemOf({ ...given, sessionIdDigest: 'md5' })).toMatch(
        /^option encryption(Keys)?: can't be set beside sessionIdDigest md5 \(code\), because the Ruby gem can't read encrypted sessions/,
      )
    }
  })

  it('refuses two sources of keys', () => {
    expect(problemOf({ encryption: { keys } }, { [KEYS]: K1 })).toBe(
      `ENV ${KEYS}: has no effect beside the option encryption; leave one of the two out`,
    )
  })

  it('with an unset variable stop only callers that need the keys', () => {
    const configuration = resolve({}, {}, 'encryption_keys: ["${A}"]\nsecret_key: ${B}\n')
    expect(() => assertSecretsReadable(configuration, ['encryptionKeys'])).toThrow(
      'encryption_keys: the environment variable A is not set',
    )
    expect(() => assertSecretsReadable(configuration)).toThrow('2 problems')
    const given = resolve({ encryptionKeys: [K1] }, {}, 'encryption_keys: ["${A}"]\n')
    expect(() => assertSecretsReadable(given)).not.toThrow()
  })

  it.each([
    'encryption_keys: %Sup3r',
    'encryption_keys: "Sup3r',
    'encryption_key: @Sup3r',
    'encryption_keys:Sup3r\nregion: x',
  ])('do not stand in a message about YAML: %j', (yaml) => {
    expect(problemOf({}, {}, yaml)).not.toContain('Sup3r')
  })
})

describe('encryption', () => {
  it.each<[string, unknown, string]>([
    ['a function', keys, 'option encryption: must be an object with a method keys'],
    ['an object without keys()', {}, 'option encryption: must be an object with a method keys'],
    ['a lifetime of 0', { keys, lifetime: 0 }, 'option encryption: lifetime must be a number of seconds above 0'],
    [
      'a lifetime that is text',
      { keys, lifetime: 'x' },
      'option encryption: lifetime must be a number of seconds above 0',
    ],
  ])('refuses %s', (_what, encryption, problem) => {
    expect(problemOf({ encryption } as Options)).toContain(problem)
  })
})
