import { describe, expect, it } from 'vitest'
import { MissingSecretKeyError } from '../../../../runtime/errors.js'
import { isPossibleSessionId, isSignedSessionId, makeSessionId } from '../../../../runtime/session/item/session-id.js'

const signing = { secretKey: 'watermelon_smiles', sessionIdDigest: 'sha256' as const }
const gem = { ...signing, sessionIdDigest: 'md5' as const }

describe('signed session ids', () => {
  it('are a hex HMAC and 32 random bytes in hex', () => {
    expect(makeSessionId(signing)).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
    expect(makeSessionId(gem)).toMatch(/^[0-9a-f]{32}--[0-9a-f]{64}$/)
    expect(makeSessionId(signing)).not.toBe(makeSessionId(signing))
    expect(isSignedSessionId(makeSessionId(signing), signing)).toBe(true)
  })

  it('are those of the Ruby gem with md5 (gem-facts, A13)', () => {
    const sid = 'f'.repeat(64)
    expect(isSignedSessionId(`62e6275d77bcc8efbf12464d6a1c2df2--${sid}`, gem)).toBe(true)
    expect(isSignedSessionId(`62e6275d77bcc8efbf12464d6a1c2df3--${sid}`, gem)).toBe(false)
    expect(isSignedSessionId(`62e6275d77bcc8efbf12464d6a1c2df2--${sid}`, { ...gem, secretKey: 'other' })).toBe(false)
  })

  it('are refused in capitals, with junk, with one part, with another digest, or unsigned', () => {
    const id = makeSessionId(signing)
    const [digest, sid] = id.split('--')
    for (const wrong of [
      id.toUpperCase(),
      `${id}--junk`,
      `${id}\n`,
      `${digest}`,
      `${sid}`,
      `${sid}--${digest}`,
      '',
      `--${sid}`,
    ]) {
      expect(isSignedSessionId(wrong, signing)).toBe(false)
    }
    expect(isSignedSessionId(makeSessionId(gem), signing)).toBe(false)
  })

  it('are signed with the first secret of a list, and verified with all of them', () => {
    const rotated = { ...signing, secretKey: ['new', 'watermelon_smiles'] }
    expect(isSignedSessionId(makeSessionId(signing), rotated)).toBe(true)
    expect(isSignedSessionId(makeSessionId(rotated), { ...signing, secretKey: 'new' })).toBe(true)
    expect(isSignedSessionId(makeSessionId(rotated), signing)).toBe(false)
  })

  it('cannot be made without a secret', () => {
    expect(() => makeSessionId({ ...signing, secretKey: undefined })).toThrow(MissingSecretKeyError)
  })
})

describe('ids that a framework made', () => {
  it('are possible, even with two dashes in them, unless they are empty or longer than a key can be', () => {
    for (const id of ['abc', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa--', 'a--b', 'x'.repeat(2048)]) {
      expect(isPossibleSessionId(id, signing)).toBe(true)
    }
    expect(isPossibleSessionId('', signing)).toBe(false)
    expect(isPossibleSessionId('x'.repeat(2049), signing)).toBe(false)
    expect(isPossibleSessionId('é'.repeat(1025), signing)).toBe(false)
  })

  it('are not possible when they look signed but are not', () => {
    expect(isPossibleSessionId(makeSessionId(signing), signing)).toBe(true)
    expect(isPossibleSessionId(`${'0'.repeat(64)}--${'0'.repeat(64)}`, signing)).toBe(false)
    expect(isPossibleSessionId(`${'0'.repeat(64)}--x`, signing)).toBe(false)
  })
})
