import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { DynamoSessionError } from '../../../runtime/errors.js'
import { debugText, fitForLine, fitForOutput, jsonForOutput, makeErrorFit } from '../../../runtime/fit-for-output.js'
import { keyringOf } from '../../../runtime/session/item/keyring.js'
import { environmentWith } from '../../support/folder.js'
import { expectFit, HOSTILE, HOSTILE_LINE } from '../../support/hostile.js'

const REDACTED = { S: '[redacted]' }

describe('a text that is made fit for output', () => {
  it('shows control characters, and keeps line breaks and tabs', () => {
    expect(fitForOutput('a\u001b[31m\r\u0000\u007f\u009b\u202e\u2028\u{e0041}\ud800\n\tb ä 漢 👩')).toBe(
      'a\\x1b[31m\\x0d\\x00\\x7f\\x9b\\u202e\\u2028\\u{e0041}\\ud800\n\tb ä 漢 👩',
    )
    expect(fitForLine('a\n\tb\r\n')).toBe('a\\n\\tb\\x0d\\n')
  })

  it('contains no secret of any kind', () => {
    expectFit(fitForOutput(HOSTILE_LINE))
    expectFit(fitForLine(HOSTILE))
    expectFit(jsonForOutput({ name: HOSTILE_LINE }))
    expect(fitForOutput('x-amz-security-token:abc\nx-amz-target:DynamoDB_20120810.GetItem')).toBe(
      'x-amz-security-token:[redacted]\nx-amz-target:DynamoDB_20120810.GetItem',
    )
  })

  it('stays JSON when a number is redacted', () => {
    const text = fitForOutput(jsonForOutput({ session_id: 1700000000123, user: { secret_key: 12345678 } }))
    expect(JSON.parse(text)).toEqual({ session_id: '[redacted]', user: { secret_key: '[redacted]' } })
  })

  it.each([0, 1, 2])('contains no text of an item inside %d levels of JSON', (times) => {
    const id = '3f2b8c1e-6a54-4b7a-9d2e-1c5f7a9b0d3e'
    const item = { id: { S: id }, data: { S: '{"card":"4111 1111","a":"\\\\"}' }, n: { N: '5' }, b: { B: 'QQ==' } }
    let [text, fit] = [item, { ...item, id: REDACTED, data: REDACTED, b: { B: '[redacted]' } }].map((one) =>
      JSON.stringify(one),
    )
    for (let time = 0; time < times; time += 1) [text, fit] = [text, fit].map((one) => JSON.stringify(`no ${one}`))
    expect(fitForLine(text)).toBe(fit)
    expect(fitForLine(fit)).toBe(fit)
  })

  it('stays the same when it is made fit again', () => {
    const once = fitForLine(HOSTILE)
    expect(fitForLine(once)).toBe(once)
    expect(fitForOutput(fitForOutput(HOSTILE_LINE))).toBe(fitForOutput(HOSTILE_LINE))
  })

  it('contains no secret of ENV, except a short word, such as the secret of a local DynamoDB', () => {
    environmentWith({
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SESSION_TOKEN: 'a token of an odd form',
      SECRET_KEY_BASE: 'x',
    })
    expect(fitForOutput('a local table, a token of an odd form, x')).toBe('a local table, [redacted], x')
  })

  it('contains no encryption key of ENV, with or without its final =, alone or in the list', () => {
    const [one, other] = ['_4-'.repeat(15).slice(0, 43), 'key/'.repeat(11).slice(0, 43)]
    environmentWith({ AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS: `k1:${one}, k2:${other}=` })
    expect(fitForOutput(`k1:${one} or ${other}, k2:${other}=`)).toBe('k1:[redacted] or [redacted], k2:[redacted]')
    expect(fitForLine(`keys k1:${one}, k2:${other}=`)).toBe('keys [redacted]')
    environmentWith({ AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS: '' })
    expect(fitForOutput(`a table, and no ${one}`)).toContain('a table')
  })

  it('contains no encryption key of YAML or code, with or without its final =', () => {
    const key = Buffer.alloc(32, 'secret').toString('base64')
    expect(fitForOutput(`a key ${key.slice(0, -1)}`)).toContain(key.slice(0, -1))
    keyringOf({ encryptionKeys: [`k1:${key}`] })
    expect(fitForOutput(`a key k1:${key.slice(0, -1)}, ${key}`)).toBe('a key k1:[redacted], [redacted]')
    expect(new DynamoSessionError(`bad key ${key.slice(0, -1)}`).message).toBe('bad key [redacted]')
  })

  it.each([
    'secret_key: must be text, not 5',
    'option secretKey: must be at least 32 characters long, not 8',
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose an AWS profile, or give the machine an IAM role',
    'secret_key: ${AWS_DYNAMO_DB_SESSION_SECRET_KEY} is not set',
    'table "myapp-SessionsTable-1ABC2DEF3GHI" is ACTIVE, its key is "session_id" (S)',
    'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    'arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    '  AWS_DYNAMO_DB_SESSION_ENDPOINT=http://localhost:8000',
    'migrated 20261128171200_create_dynamo_sessions_table (0.10 s)',
    '/Users/Alice/Projects2/app/node/src/index.ts, /home/deploy/releases/4b825dc642cb6eb9a060e54bf8d69288fbee4904/app',
    'session 0123456789abcdef, request id 7H5QK8LJ2VN3P0A9R4S6T1U8W2X5Y7Z0B3C6D9E1F4G7HVV4KQ',
    'pid 4711 on 3f2a9c1d5e7b (since 2026-11-28T17:00:00.000Z)',
    'basic authentication failed for user app',
  ])('keeps text that is not a secret: %s', (text) => {
    expect(fitForOutput(text)).toBe(text)
  })

  it('is cut at the limit, but never inside a secret', () => {
    expect(fitForLine('ab '.repeat(1_000), 30)).toBe('ab ab ab ab… (3000 characters)')
    const padding = '👩 '.repeat(300)
    for (let length = 0; length < 60; length += 1) {
      const text = `${'-'.repeat(length)} x-amz-security-token:${'aB3'.repeat(400)} ${padding}`
      expect(fitForLine(text, 100)).not.toMatch(/aB3|[\ud800-\udbff](?![\udc00-\udfff])/)
    }
  })

  it.each([
    'a_',
    'A1b',
    's:',
    'x-amz-security-token:',
    'eyJ',
    'http://',
    'cookie:a=',
    'cookie:',
    'eyJ-',
    '--',
    'authorization: ',
    ' ',
    'f0',
  ])('does not take quadratic time for a text of %j', (part) => {
    const time = (size: number) => {
      const text = part.repeat(size / part.length)
      const before = process.cpuUsage()
      fitForOutput(text, Number.POSITIVE_INFINITY)
      return process.cpuUsage(before).user / 1000
    }
    time(20_000)
    expect(time(200_000)).toBeLessThan(1_500)
  })
})

describe('an error that is made fit for output', () => {
  const error = () => {
    const cause = new AggregateError([new Error(HOSTILE)], HOSTILE)
    return Object.assign(new TypeError(HOSTILE, { cause }), { Message: HOSTILE, code: 'ECONNREFUSED' })
  }

  it('stays the same object, with its class, code and causes', () => {
    const before = error()
    const { cause } = before
    expect(makeErrorFit(before)).toBe(before)
    expect(before).toBeInstanceOf(TypeError)
    expect(before.code).toBe('ECONNREFUSED')
    expect(before.cause).toBe(cause)
    for (const text of [before.message, before.stack, before.Message, inspect(before, { depth: 5 })]) {
      expectFit(text ?? '')
    }
    expect(before.stack).toMatch(/\n {4}at .*fit-for-output\.test\.ts/)
  })

  it('may be frozen, circular, or not an error', () => {
    const round = new Error('round')
    round.cause = round
    expect(makeErrorFit(round)).toBe(round)
    expect(makeErrorFit(Object.freeze(new Error('x')))).toBeInstanceOf(Error)
    expect(makeErrorFit('text')).toBe('text')
  })

  it('is shown with DEBUG without its other members, such as the item of a failed condition', () => {
    const failed = Object.assign(error(), {
      Item: { data: { S: '{"user":"ada"}' } },
      $metadata: { httpStatusCode: 400 },
    })
    const text = debugText(failed)
    expectFit(text)
    expect(text).toContain('HTTP status: 400')
    expect(text).toContain('caused by: AggregateError')
    expect(text).not.toContain('ada')
  })
})
