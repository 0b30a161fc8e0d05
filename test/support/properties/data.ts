import fc from 'fast-check'
import { expect } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { SessionDataError } from '../../../runtime/errors.js'
import { LONGEST_TEXT, packData, unpackData } from '../../../runtime/session/item/compression.js'
import { isDeeperThan } from '../../../runtime/session/item/depth.js'
import { open, type Place, seal } from '../../../runtime/session/item/encryption.js'
import { indexAttributes, LONGEST_VALUE, valueAt } from '../../../runtime/session/item/index-attributes.js'
import { keepTexts, pick } from '../../../runtime/session/item/keep-number-texts.js'
import { type Keyring, keyringOf } from '../../../runtime/session/item/keyring.js'
import { jsonOfMarshal } from '../../../runtime/session/item/marshal.js'
import { MarshalProblem } from '../../../runtime/session/item/marshal-bytes.js'
import { combine, merge } from '../../../runtime/session/item/merge.js'
import { type SessionData, serialize, serializeChanges } from '../../../runtime/session/item/serialize.js'
import { anyData, anyJson, anyText, foreignJson, wellFormed } from './arbitraries.js'
import type { Properties } from './properties.js'

const compress = fc.constantFrom('none' as const, 'gzip' as const, 'brotli' as const)
/** Options in code only, so that no file or ENV of the machine matters. */
const packing = (form: 'none' | 'gzip' | 'brotli') =>
  resolveConfiguration({ root: '/nowhere', compress: form, compressThreshold: 0 }, {})

/** Bytes in the form of Ruby's Marshal, of which some are valid. */
const marshal = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...'0TFil:;@"[{IC}/cmMofSuUde-+'.split('').map((type) => [type.charCodeAt(0)])),
      },
      fc.constantFrom([6], [0], [7], [8], [1, 200], [2, 0, 1], [0xff, 0], [0xfa], [4, 255, 255, 255, 127]),
      fc.constantFrom(
        [...Buffer.from(':\u0006E')],
        [...Buffer.from('"\u0006a')],
        [...Buffer.from('I"\u0006a\u0006:\u0006ET')],
      ),
      fc.uint8Array({ maxLength: 4 }).map((some) => [...some]),
    ),
    { maxLength: 24 },
  )
  .map((parts) => Buffer.from([4, 8, ...parts.flat()]).toString('base64'))

const keyring = keyringOf({ encryptionKeys: [`k1:${Buffer.alloc(32, 7).toString('base64')}`] }) as Keyring
const places = fc.record({ key: anyText(20), attribute: fc.constantFrom('data' as const, 'cookie' as const) })

/** Session data comes from applications, from other writers of the table, and from other languages. */
export const DATA = {
  'any value is written as JSON, or refused with a typed error': fc.property(
    fc.oneof(fc.dictionary(anyText(8), fc.anything({ withBigInt: true, withDate: true, withMap: true })), fc.object()),
    (data) => {
      const json = attempt(() => serialize(data as SessionData))
      if (json !== undefined) expect(JSON.parse(json)).toEqual(wellFormedData(JSON.parse(JSON.stringify(data))))
    },
  ),
  'data comes back from every form of compression': fc.asyncProperty(anyData(), compress, async (data, form) => {
    const json = serialize(data)
    expect(unpackData(await packData(json, packing(form)))).toEqual({ text: json })
  }),
  'bytes that nobody compressed are refused, and never unpack to more than the limit': fc.property(
    fc.tuple(
      fc.constantFrom([], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], [...Buffer.from('br')]),
      fc.uint8Array({ maxLength: 200 }),
    ),
    ([beginning, rest]) => {
      const unpacked = unpackData({ B: Uint8Array.from([...beginning, ...rest]) })
      if ('text' in unpacked) expect(Buffer.byteLength(unpacked.text)).toBeLessThanOrEqual(LONGEST_TEXT)
      else expect(unpacked.problem).toMatch(/^is /)
    },
  ),
  'damaged compressed data is refused, or gives text': fc.asyncProperty(
    anyData(),
    fc.constantFrom('gzip' as const, 'brotli' as const),
    fc.nat(),
    fc.nat({ max: 255 }),
    async (data, form, place, byte) => {
      const { B } = await packData(serialize({ ...data, more: 'x'.repeat(100) }), packing(form))
      const damaged = Uint8Array.from(B ?? [])
      damaged[place % damaged.length] = byte
      expect(Object.keys(unpackData({ B: damaged }))).toHaveLength(1)
    },
  ),
  'an encrypted value opens unchanged in its place only': fc.property(
    fc.uint8Array({ maxLength: 50 }),
    places,
    places,
    fc.nat(),
    fc.nat({ max: 255 }),
    (text, place, otherPlace, index, byte) => {
      const value = seal(text, place, keyring)
      expect(open(value, place, keyring)).toEqual({ text: Buffer.from(text), isCurrent: true })
      const changed = Uint8Array.from(value)
      changed[1 + (index % (value.length - 1))] = byte
      if (!Buffer.from(changed).equals(value)) expectClosed(changed, place)
      if (place.key !== otherPlace.key || place.attribute !== otherPlace.attribute) expectClosed(value, otherPlace)
    },
  ),
  'bytes that nobody encrypted do not open': fc.property(
    fc.constantFrom([], [1], [1, 2, ...Buffer.from('k1')]),
    fc.uint8Array({ maxLength: 100 }),
    places,
    (beginning, rest, place) => expectClosed(Uint8Array.from([...beginning, ...rest]), place),
  ),
  'any bytes in the form of Marshal give JSON, or are refused with a typed error': fc.property(
    fc.oneof(
      marshal,
      anyText().map((text) => `BAh${text}`),
    ),
    fc.constantFrom(100, LONGEST_TEXT),
    (base64, longest) => {
      let json: string
      try {
        json = jsonOfMarshal(base64, longest)
      } catch (error) {
        expect(error).toBeInstanceOf(MarshalProblem)
        return
      }
      expect(() => JSON.parse(json)).not.toThrow()
    },
  ),
  'unchanged data keeps the text of its writer': fc.property(foreignJson(), (stored) => {
    expect(serializeChanges(JSON.parse(stored), stored)).toBe(stored)
  }),
  'changed data is what JSON says, and unchanged keys keep their text': fc.property(
    foreignJson(),
    wellFormedKey(),
    anyJson(),
    (stored, key, value) => {
      const data = withMember(JSON.parse(stored), key, value)
      for (const json of [serializeChanges(data, stored), keepTexts(JSON.stringify(data), stored)]) {
        expect(copy(JSON.parse(json))).toEqual(copy(data))
      }
    },
  ),
  'a part of the data has the members that were asked for, and no others': fc.property(
    foreignJson(),
    fc.array(wellFormedKey(), { maxLength: 3 }),
    (json, keys) => {
      const all = JSON.parse(json)
      const wanted = [...new Set([...keys, ...Object.keys(all).slice(0, 1)])]
      const expected = Object.fromEntries(Object.entries(all).filter(([key]) => wanted.includes(key)))
      expect(JSON.parse(pick(json, wanted))).toEqual(expected)
    },
  ),
  'changes of two requests are both stored, unless they are of one key': fc.property(
    anyData(),
    anyData(),
    anyData(),
    (base, ours, theirs) => {
      const { data, conflicts } = merge(base, ours, theirs)
      const text = (from: SessionData, key: string) => JSON.stringify(Object.hasOwn(from, key) ? from[key] : undefined)
      for (const key of new Set([base, ours, theirs].flatMap(Object.keys))) {
        const changed = text(ours, key) !== text(base, key)
        expect(text(data, key)).toBe(text(changed ? ours : theirs, key))
        if (conflicts.includes(key)) expect(text(theirs, key)).not.toBe(text(base, key))
      }
      const combined = combine(JSON.stringify(base), JSON.stringify(ours), JSON.stringify(theirs))
      expect(copy(JSON.parse(combined.json))).toEqual(copy(data))
    },
  ),
  'the depth of data is counted as it is': fc.property(
    foreignJson(),
    fc.integer({ min: 1, max: 6 }),
    (json, levels) => {
      const data = JSON.parse(json)
      const depth = depthOf(data)
      expect(isDeeperThan(levels, JSON.stringify(data))).toBe(depth > levels)
      // Of a repeated key, JSON.parse keeps the last value, which may be flatter.
      if (depth > levels) expect(isDeeperThan(levels, json)).toBe(true)
    },
  ),
  'a value for an index is an own member of the data, and fits into a key': fc.property(
    anyData(),
    fc.oneof(wellFormedKey(), fc.constantFrom('user.id', '__proto__.x', 'constructor.name', 'a.0', 'list.length', '.')),
    (data, path) => {
      const value = valueAt(data, path)
      if (!path.includes('.') && value !== undefined) expect(Object.hasOwn(data, path)).toBe(true)
      const { [path]: attribute } = indexAttributes(data, [path])
      const bytes = Buffer.byteLength(attribute?.S ?? 'none')
      expect(bytes > 0 && bytes <= LONGEST_VALUE).toBe(true)
      expect(typeof value).not.toBe('function')
    },
  ),
} satisfies Properties

function expectClosed(value: Uint8Array, place: Place): void {
  try {
    expect(open(value, place, keyring)).toEqual({ problem: expect.stringMatching(/^is encrypted, but /) })
  } catch (error) {
    expect(error).toHaveProperty('name', 'EncryptionKeyError')
  }
}

function wellFormedKey() {
  return fc.oneof(anyText(10), fc.constantFrom('__proto__', 'constructor', 'toJSON')).map(wellFormed)
}

/** A copy with an own member, whatever its name. */
function withMember(data: SessionData, key: string, value: unknown): SessionData {
  return Object.fromEntries([...Object.entries(data), [key, value]])
}

/** The value after JSON: a -0 becomes 0. */
function copy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** With all texts well-formed. */
function wellFormedData(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(wellFormedData)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [wellFormed(key), wellFormedData(member)]))
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** The result; undefined where the data was refused with an error of this package. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    expect(error).toBeInstanceOf(SessionDataError)
    return undefined
  }
}
