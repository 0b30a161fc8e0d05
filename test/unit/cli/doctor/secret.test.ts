import { randomBytes } from 'node:crypto'
import { afterEach, expect, it, vi } from 'vitest'

import { secretFindings } from '../../../../runtime/cli/doctor/secret.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { weakness } from '../../../../runtime/configuration/secrets.js'

afterEach(() => vi.unstubAllEnvs())

it.each([
  'changeme',
  'please-change-me-before-production!!',
  'CHANGE_THIS',
  'secret',
  'super-secret',
  'my_secret_key',
  'your-secret-key-goes-here',
  'keyboard cat',
  'password123',
  'secret_key_base',
  'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  '<your secret>',
  '123123',
  '12345678901234567890123456789012',
  'development',
  'replace me',
  'insert-your-long-secret-key-here',
  'example_0123456789_0123456789',
])('a placeholder is weak: %j', (secret) => {
  expect(weakness(secret)).toBe('is a placeholder, which anybody can guess')
})

it('a short secret is weak, a long one is not', () => {
  expect(weakness('u7!kQx')).toBe('has only 6 bytes; 32 or more are safe')
  expect(weakness('my dog ate eleven green apples, twice')).toBeUndefined()
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    expect(weakness(randomBytes(32).toString(encoding))).toBeUndefined()
  }
})

it.each([
  'the quick harvest tulip cobalt window lantern',
  'my-harvest-tulip-cobalt-window-orange-lantern',
  'insert harvest tulip cobalt window lantern orange',
  'xxxAbc9d8f7g6h5j4k3l2qwertyuiop1234567890',
])('a long passphrase that begins like a placeholder is not weak: %j', (secret) => {
  expect(weakness(secret)).toBeUndefined()
})

it('a random secret that begins with 123 is not weak', () => {
  expect(weakness('123e9a0b7c4d5f6081929384a5b6c7d8')).toBeUndefined()
})

it('says which secret of a list is weak, and where the list is set', () => {
  const secretKey = [randomBytes(32).toString('hex'), 'changeme', 'short']
  const findings = [...secretFindings(resolveConfiguration({ secretKey }, {}))]
  expect(findings.map(({ level, text }) => `${level}: ${text}`)).toEqual([
    'warning: set (code), but secret 2 of 3 is a placeholder, which anybody can guess',
    'warning: set (code), but secret 3 of 3 has only 5 bytes; 32 or more are safe',
  ])
})

it.each([
  ['changeme', 'warning: not set; ENV SESSION_SECRET is a placeholder, which anybody can guess'],
  ['', 'ok: not set; express-session signs with its own secret'],
  [randomBytes(32).toString('hex'), 'ok: not set; express-session signs with its own secret'],
])('looks at the secret of session-store, if secret_key is not set: %#', (secret, line) => {
  vi.stubEnv('SESSION_SECRET', secret)
  const findings = [...secretFindings(resolveConfiguration({}, {}))]
  expect(findings.map(({ level, text }) => `${level}: ${text}`)).toEqual([line])
})
