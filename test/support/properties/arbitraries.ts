import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc, { type Arbitrary } from 'fast-check'
import type { Item } from '../../../runtime/session/item/session-record.js'

/** Names that mean something to JavaScript, YAML, paths, cookies or terminals. */
const SPECIAL = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'hasOwnProperty',
  '_flash',
  'length',
  '..',
  '../../etc/passwd',
  '..\\..\\windows',
  '/absolute',
  'C:\\x',
  '%2e%2e%2f',
  '\0',
  '\r\nSet-Cookie: a=b',
  '; Domain=evil.example',
  '\u001b]0;owned\u0007',
  '\u202e',
  '\u2028',
  '${HOME}',
  '$$',
  '<% x %>',
  '{{x}}',
  '`',
  "'",
  '"',
  '\\',
  'null',
  'NaN',
  '-0',
  '1e400',
  '9007199254740993',
]

/** Any text: short words, all of Unicode, lone surrogates, and {@link SPECIAL} names within it. */
export function anyText(maxLength = 40): Arbitrary<string> {
  const unit = fc.oneof(
    fc.string({ maxLength }),
    fc.string({ unit: 'binary', maxLength }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength }).map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom(...SPECIAL),
  )
  return fc.oneof(
    { weight: 3, arbitrary: unit },
    fc.array(unit, { maxLength: 4 }).map((texts) => texts.join('')),
  )
}

/** Text that HTTP, JSON and UTF-8 carry unchanged: without lone surrogates. */
export function wellFormedText(maxLength = 40): Arbitrary<string> {
  return anyText(maxLength).map(wellFormed)
}

/** The text with U+FFFD for each lone surrogate, as UTF-8 has it. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** The value of a JSON text, with keys such as `__proto__`. */
export function anyJson(): Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false, 0, -0, 1, 1.5, 2 ** 53, -(2 ** 53), 1e21, 1e-7, Number.MAX_VALUE),
      wellFormedText(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(wellFormedText(12), tie('value')), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  })).value
}

/** Session data. */
export function anyData(): Arbitrary<Record<string, unknown>> {
  return fc
    .array(fc.tuple(wellFormedText(12), anyJson()), { maxLength: 6 })
    .map((entries) => Object.fromEntries(entries) as Record<string, unknown>)
}

/** JSON of an object as another writer may format it: with white space, escapes, exact numbers, and repeated keys. */
export function foreignJson(): Arbitrary<string> {
  const space = fc.constantFrom('', '', ' ', '\n', '\t\r')
  const number = fc.constantFrom('0', '-0', '1.0', '1e2', '12345678901234567890', '0.10', '-1E-3')
  return fc.letrec<{ value: string; object: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      number,
      fc.constantFrom('null', 'true', 'false'),
      escapedString(),
      fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(' ,')}]`),
      tie('object'),
    ),
    object: fc
      .tuple(fc.array(fc.tuple(space, escapedString(), space, tie('value'), space), { maxLength: 4 }), space)
      .map(
        ([members, end]) =>
          `{${members.map(([one, key, two, value, three]) => `${one}${key}${two}:${value}${three}`).join(',')}${end}}`,
      ),
  })).object
}

/** A JSON string, of which some characters are written as escapes. */
function escapedString(): Arbitrary<string> {
  return fc.tuple(wellFormedText(10), fc.boolean()).map(([text, escaped]) => {
    const json = JSON.stringify(text)
    if (!escaped) return json
    return `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
  })
}

const bytes = () => fc.uint8Array({ maxLength: 60 })

/** An attribute of any type, also with values that DynamoDB never sends, as a broken endpoint may. */
export function anyAttribute(): Arbitrary<AttributeValue> {
  const known = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.record({
        S: fc.oneof(
          anyText(),
          anyData().map((data) => JSON.stringify(data)),
          anyJson().map((value) => JSON.stringify(value)),
          foreignJson(),
        ),
      }),
      fc.record({ N: fc.oneof(fc.integer().map(String), fc.double().map(String), anyText()) }),
      fc.record({ B: bytes() }),
      fc.record({ BOOL: fc.boolean() }),
      fc.constant({ NULL: true }),
      fc.record({ SS: fc.array(anyText(), { maxLength: 3 }) }),
      fc.record({ NS: fc.array(fc.integer().map(String), { maxLength: 3 }) }),
      fc.record({ BS: fc.array(bytes(), { maxLength: 3 }) }),
      fc.record({ L: fc.array(tie('any'), { maxLength: 3 }) }),
      fc.record({ M: fc.dictionary(anyText(8), tie('any'), { maxKeys: 3 }) }),
      fc.constant({}),
      fc.constant({ $unknown: ['X', 1] }),
    ),
  })).any
  return known as Arbitrary<AttributeValue>
}

/** An item with these attributes, of any type, and more attributes. */
export function anyItem(names: readonly string[]): Arbitrary<Item> {
  const own = fc.dictionary(fc.constantFrom(...names), anyAttribute(), { maxKeys: 6 })
  const others = fc.dictionary(anyText(12), anyAttribute(), { maxKeys: 2 })
  const half = fc.boolean()
  return fc.tuple(own, others, half).map(([item, more, withOthers]) => (withOthers ? { ...more, ...item } : item))
}
