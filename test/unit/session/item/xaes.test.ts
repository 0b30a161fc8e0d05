import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { XaesKey } from '../../../../runtime/session/item/xaes.js'

/** "Test vectors" and "Accumulated randomized tests" of <https://c2sp.org/XAES-256-GCM>. */
describe('XAES-256-GCM, by the vectors of its specification,', () => {
  const NONCE = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX')

  it.each([
    [0x01, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
    [0x03, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
  ])('seals and opens a text under a key of bytes %i', (byte, additional, expected) => {
    const key = new XaesKey(Buffer.alloc(32, byte))
    const [sealed, tag] = key.seal(NONCE, 'XAES-256-GCM', Buffer.from(additional))
    expect(Buffer.concat([sealed, tag]).toString('hex')).toBe(expected)
    expect(key.open(NONCE, sealed, tag, Buffer.from(additional))?.toString()).toBe('XAES-256-GCM')
  })

  it('gives the hash of 10 000 random cases, and opens them', () => {
    const random = createHash('shake128', { outputLength: 4_000_000 }).digest()
    expect(random.subarray(0, 16).toString('hex')).toBe('7f9c2ba4e88f827d616045507605853e')
    let at = 0
    const take = (bytes: number) => {
      at += bytes
      return random.subarray(at - bytes, at)
    }
    const hash = createHash('shake128', { outputLength: 32 })
    for (let round = 0; round < 10_000; round += 1) {
      const key = new XaesKey(take(32))
      const nonce = take(24)
      const text = take(take(1)[0] ?? 0)
      const additional = take(take(1)[0] ?? 0)
      const [sealed, tag] = key.seal(nonce, text, additional)
      hash.update(sealed).update(tag)
      expect(key.open(nonce, sealed, tag, additional)?.equals(text)).toBe(true)
    }
    expect(at).toBeLessThan(random.length)
    expect(hash.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939')
  })

  it('opens nothing under another key, nonce, tag or additional data', () => {
    const key = new XaesKey(Buffer.alloc(32, 1))
    const additional = Buffer.from('a')
    const [sealed, tag] = key.seal(NONCE, 'text', additional)
    const flip = (bytes: Buffer, index: number) =>
      Buffer.from(bytes.map((byte, at) => (at === index ? byte ^ 1 : byte)))
    expect(new XaesKey(Buffer.alloc(32, 2)).open(NONCE, sealed, tag, additional)).toBeUndefined()
    for (const index of NONCE.keys()) expect(key.open(flip(NONCE, index), sealed, tag, additional)).toBeUndefined()
    for (const index of sealed.keys()) expect(key.open(NONCE, flip(sealed, index), tag, additional)).toBeUndefined()
    for (const index of tag.keys()) expect(key.open(NONCE, sealed, flip(tag, index), additional)).toBeUndefined()
    expect(key.open(NONCE, sealed, tag, Buffer.from('b'))).toBeUndefined()
    expect(key.open(NONCE, sealed.subarray(1), tag, additional)).toBeUndefined()
  })
})
