import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { isPossibleSessionId, isSignedSessionId, makeSessionId } from '../../../../runtime/session/item/session-id.js'
import { milliseconds, timestamp, timestampBefore } from '../../../../runtime/session/item/timestamp.js'
import { RubyGem } from '../../../support/ruby/gem.js'
import { floatText } from '../../../support/ruby/json.js'

/** Measurements of the Ruby gem aws-sessionstore-dynamodb 4.0.0, with their labels in brackets. */
const secretKey = 'watermelon_smiles'
const signing = { secretKey, sessionIdDigest: 'md5' as const }
const gem = new RubyGem(new DynamoDBClient({}), { tableName: 'none', secretKey })
const sid = 'f'.repeat(64)
const digest = '62e6275d77bcc8efbf12464d6a1c2df2'

describe('the ids of the Ruby gem', () => {
  it('have the form of the measured ones (A13)', () => {
    expect(gem.sign(sid)).toBe(`${digest}--${sid}`)
    expect(gem.sign('abc')).toBe('1b66df28d8361b1797bb01044480ac06--abc')
    expect(isSignedSessionId(`${digest}--${sid}`, signing)).toBe(true)
  })

  it('and ours are accepted by both sides: 98 characters, a length that the gem makes', () => {
    for (let times = 0; times < 100; times += 1) {
      const id = makeSessionId(signing)
      expect(id).toHaveLength(98)
      expect(gem.verifies(id)).toBe(true)
      expect(isSignedSessionId(gem.sign(id.slice(34)), signing)).toBe(true)
    }
  })

  it.each([
    ['with a wrong digest', `72e6275d77bcc8efbf12464d6a1c2df2--${sid}`, false],
    ['of another secret', new RubyGem(new DynamoDBClient({}), { tableName: 'x', secretKey: 'other' }).sign(sid), false],
    ['with the digest in capitals', `${digest.toUpperCase()}--${sid}`, false],
    ['without --', `${digest}${sid}`, false],
    ['with a single -', `${digest}-${sid}`, false],
    ['of the digest alone', digest, false],
    ['of the digest and --', `${digest}--`, false],
    ['of the sid alone', sid, false],
    ['whose sid holds -- (A16)', gem.sign('ab--cd'), false],
    ['with junk behind (A15), which the gem takes, as another session', `${digest}--${sid}--junk`, true],
    ['with nothing behind another -- (A15)', `${digest}--${sid}--`, true],
    ['of another length (A17), which the gem takes but does not make', gem.sign('abc'), true],
    ['with a line end', `${digest}--${sid}\n`, false],
    ['of an empty sid', gem.sign(''), true],
  ])('are refused %s', (_what, id, takenByTheGem) => {
    expect(gem.verifies(id)).toBe(takenByTheGem)
    expect(isSignedSessionId(id, signing)).toBe(false)
    if (takenByTheGem || id.startsWith(`${digest}--`)) expect(isPossibleSessionId(id, signing)).toBe(false)
  })
})

describe('the times of the Ruby gem', () => {
  it.each([
    ['1795370931.0', 1795370931000],
    ['1795000000.123', 1795000000123],
    ['1795371599.71796', 1795371599717.96],
    ['1795371599.722873', 1795371599722.873],
    ['1795371590.1679342', 1795371590167.934],
    ['1795371592.9546614', 1795371592954.661],
  ])('%s is read, with any number of digits (B1, B11, D, H)', (text, expected) => {
    expect(milliseconds(text)).toBeCloseTo(expected, 3)
    expect(floatText(Number(text))).toBe(text)
  })

  it.each([
    '1.79537159e9',
    '1795371590.',
    '.5',
    '-1.0',
    'NaN',
    'Infinity',
    '',
    ' 1795371590.0',
    '2026-11-22T12:00:00Z',
  ])('have no other form: %j is no time and is replaced', (text) => {
    expect(milliseconds(text)).toBeUndefined()
    expect(timestamp(1795371590167.934, text)).toMatch(/^1795371590\.167934/)
  })

  it('and ours have the same order as text and as numbers', () => {
    const inOrder = [
      '1795370930.9999999',
      '1795370931.0',
      '1795370931.000000000000001',
      '1795370931.000001',
      '1795370931.000001000000000',
      '1795370931.1',
      '1795371590.167934',
      '1795371590.167934200000001',
      '1795371590.1679343',
      '1795371590.167934499999999',
      '1795371590.1679479',
      '1795371590.167948000000000',
      '1795371590.168',
      '1795371591.0',
    ]
    expect(inOrder.toSorted()).toEqual(inOrder)
    expect(inOrder.toReversed().toSorted()).toEqual(inOrder)
    for (const text of inOrder) {
      const next = timestamp(Number(text) * 1000 - 1000, text)
      expect(next > text && Number(next) - Number(text) < 0.000003).toBe(true)
    }
  })

  it('are less than our next one and greater than any bound before them, for every double of Ruby', () => {
    for (let round = 0; round < 5000; round += 1) {
      const seconds = 1795371590 + Math.random() * 1000
      const text = floatText(seconds)
      expect(text).toMatch(/^\d{10}\.\d{1,7}$/)
      expect(timestamp(seconds * 1000, text) > text).toBe(true)
      expect(timestamp(seconds * 1000 - 50_000, text) > text).toBe(true)
      expect(timestampBefore(seconds * 1000 - 0.002) < text).toBe(true)
      expect(timestampBefore(seconds * 1000 + 0.002) > text).toBe(true)
    }
  })

  it('mean the same as ours to the gem: it reads the leading digits as seconds (D16)', () => {
    expect(Number.parseFloat(timestamp(1795371590167.934))).toBeCloseTo(1795371590.167934, 5)
  })
})
