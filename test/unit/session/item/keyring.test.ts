import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import type { Encryption, EncryptionKey } from '../../../../runtime/configuration/encryption-keys.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { EncryptionKeyError } from '../../../../runtime/errors.js'
import { Keyring, keyringOf } from '../../../../runtime/session/item/keyring.js'
import { newKey } from '../../../support/encryption.js'

const [K1, K2] = [newKey('k1'), newKey('k2')]
const TIMEOUT = 50

/** A ring of keys on a clock of its own, and the calls of `keys()`. */
function ringOf(keys: Encryption['keys'], lifetime?: number) {
  const time = { now: 0 }
  const asked = vi.fn(keys)
  const ring = new Keyring({ keys: asked, lifetime }, () => time.now)
  const at = (seconds: number) => {
    time.now = seconds * 1000
  }
  return { ring, asked, load: () => ring.load(TIMEOUT), at }
}

const idsOf = (ring: Keyring) => ring.all.map(({ id }) => id)

describe('the ring of encryption keys', () => {
  it('has the keys of the option at once, the first first', () => {
    const ring = keyringOf({ encryptionKeys: [K2, K1] })
    expect(ring?.load(TIMEOUT)).toBeUndefined()
    expect(ring?.first.id).toBe('k2')
    expect(ring?.find('k1')?.id).toBe('k1')
    expect(ring?.find('k3')).toBeUndefined()
  })

  it('is absent without keys, and one for all stores with the same option', () => {
    expect(keyringOf(resolveConfiguration())).toBeUndefined()
    const encryption = { keys: async () => [K1] }
    const [one, other] = [resolveConfiguration({ encryption }), resolveConfiguration({ encryption })]
    expect(keyringOf(one)).toBe(keyringOf(other))
  })

  it('shows no bytes of a key', () => {
    const bytes = Buffer.from(K1.slice(3), 'base64')
    const shown =
      inspect(keyringOf({ encryptionKeys: [K1] }), { depth: 9, showHidden: true }) +
      inspect(keyringOf({ encryptionKeys: [K1] })?.first, { depth: 9, showHidden: true })
    for (const secret of [K1.slice(3), bytes.toString('hex'), inspect(bytes)]) expect(shown).not.toContain(secret)
  })

  it('loads the keys once for requests at the same time', async () => {
    const { ring, asked, load } = ringOf(async () => [K1])
    await Promise.all([load(), load(), load()])
    expect(asked).toHaveBeenCalledTimes(1)
    expect(idsOf(ring)).toEqual(['k1'])
    expect(load()).toBeUndefined()
  })

  it('takes keys of bytes, as AWS KMS gives them', async () => {
    const { ring, load } = ringOf(async () => [{ id: 'k1', key: new Uint8Array(32) }])
    await load()
    expect(idsOf(ring)).toEqual(['k1'])
  })

  it('loads new keys in the second half of the lifetime, and no request waits for them', async () => {
    let keys: EncryptionKey[] = [K1]
    const { ring, asked, load, at } = ringOf(async () => keys, 100)
    await load()
    keys = [K2, K1]
    at(49)
    expect(load()).toBeUndefined()
    expect(asked).toHaveBeenCalledTimes(1)
    at(50)
    expect(load()).toBeUndefined()
    await vi.waitFor(() => expect(idsOf(ring)).toEqual(['k2', 'k1']))
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('waits for new keys after the lifetime, and no longer uses the old ones', async () => {
    let fail = false
    const { ring, load, at } = ringOf(async () => {
      if (fail) throw new Error('KMS is away')
      return [K1]
    }, 100)
    await load()
    fail = true
    at(60)
    expect(load()).toBeUndefined()
    await vi.waitFor(() => undefined)
    at(100)
    await expect(load()).rejects.toThrow('could not be loaded, so no session was read or written: KMS is away')
    await expect(load()).rejects.toBeInstanceOf(EncryptionKeyError)
    fail = false
    at(102)
    await load()
    expect(idsOf(ring)).toEqual(['k1'])
  })

  it('uses keys for 300 seconds by default', async () => {
    const { asked, load, at } = ringOf(async () => [K1])
    await load()
    at(149)
    expect(load()).toBeUndefined()
    expect(asked).toHaveBeenCalledTimes(1)
    at(300)
    expect(load()).toBeInstanceOf(Promise)
  })

  it('calls a failing keys() once a second, and gives each request its own error', async () => {
    const { asked, load, at } = ringOf(() => Promise.reject(new Error('AccessDenied')))
    const errors = await Promise.all([load(), load()].map((loading) => loading?.catch((error) => error)))
    at(0.9)
    errors.push(await load()?.catch((error) => error))
    expect(asked).toHaveBeenCalledTimes(1)
    expect(new Set(errors).size).toBe(3)
    at(1)
    await load()?.catch(() => undefined)
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('waits for a slow keys() for at most request_timeout', async () => {
    const { load } = ringOf(() => new Promise(() => undefined))
    await expect(load()).rejects.toThrow('keys() took longer than 50 ms (request_timeout)')
  })

  it('loads the keys again after an unknown key id, but not repeatedly', async () => {
    let keys: EncryptionKey[] = [K1]
    const { ring, asked, load, at } = ringOf(async () => keys, 1000)
    await load()
    keys = [K2, K1]
    at(9)
    expect(ring.find('k2')).toBeUndefined()
    expect(load()).toBeUndefined()
    expect(asked).toHaveBeenCalledTimes(1)
    at(10)
    expect(ring.find('k2')).toBeUndefined()
    expect(load()).toBeUndefined()
    await vi.waitFor(() => expect(ring.find('k2')?.id).toBe('k2'))
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'must return a list of at least one key'],
    ['an empty list', [], 'must return a list of at least one key'],
    [
      'a short key',
      [{ id: 'k1', key: new Uint8Array(16) }],
      'key 1 of keys() must be an id, a colon and 32 bytes in base64',
    ],
    ['a text without an id', [K1, K1.slice(3)], 'key 2 of keys() must be an id'],
    ['an id with spaces', [{ id: 'k 1', key: randomBytes(32) }], 'key 1 of keys() must be an id'],
    ['an id twice', [K1, newKey('k1')], 'returned the id "k1" twice'],
    ['null', [null], 'key 1 of keys() must be an id'],
  ])('refuses %s, and shows no key', async (_what, given, problem) => {
    const error = await ringOf(async () => given as EncryptionKey[])
      .load()
      ?.catch((thrown: Error) => thrown)
    expect(String(error)).toContain(problem)
    expect(String(error)).not.toContain(K1.slice(3))
  })
})
