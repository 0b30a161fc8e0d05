import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import * as sdk from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { errorOf } from '../../../../runtime/dynamodb/lean/errors.js'
import { withoutResponse } from '../../../../runtime/dynamodb/request-errors.js'
import { failureOf } from '../../../support/both-transports.js'
import { Choices } from '../../../support/model/choices.js'
import { type GivenAnswer, throughSdk } from '../../../support/sdk-codec.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }
const NAMESPACE = 'com.amazonaws.dynamodb.v20120810#'

/** All exceptions of the SDK's model of DynamoDB. */
const MODELLED = Object.entries(sdk).filter(
  ([, value]) => Object.getPrototypeOf(value) === sdk.DynamoDBServiceException,
) as [string, new (options: object) => Error][]

async function both(answer: GivenAnswer) {
  const { status = 200, headers = {}, body = '' } = answer
  const { output } = await throughSdk('UpdateItem', INPUT, { ...answer, body })
  return {
    theirs: await failureOf(output),
    ours: errorOf({ status, headers, body: Buffer.from(body) }) as Error & Record<string, unknown>,
  }
}

/** The facts of an error that a caller can see, without its class and its attempts. */
function facts(error: Error & Record<string, unknown>) {
  const { attempts: _a, totalRetryDelay: _d, ...metadata } = error.$metadata as Record<string, unknown>
  const { statusCode } = error.$response as { statusCode: number }
  const own = Object.fromEntries(Object.entries(error).filter(([, value]) => value !== undefined))
  return { ...own, name: error.name, message: error.message, $metadata: metadata, statusCode }
}

async function expectSame(answer: GivenAnswer, more: object = {}) {
  const { theirs, ours } = await both(answer)
  expect(facts(ours), JSON.stringify(answer)).toStrictEqual(facts(theirs))
  expect(facts(ours)).toMatchObject(more)
  return ours
}

function bodyOf(name: string, more: object = {}): string {
  return JSON.stringify({ __type: NAMESPACE + name, message: `it is ${name}`, ...more })
}

describe('the error of a response', () => {
  it.each(MODELLED)("is the SDK's: %s", async (name, Class) => {
    const status = name === 'InternalServerError' ? 500 : 400
    const error = await expectSame({ status, body: bodyOf(name) }, { name, message: `it is ${name}` })
    expect(error).toBeInstanceOf(Class)
    for (const [other, Other] of MODELLED) if (other !== name) expect(error).not.toBeInstanceOf(Other)
    expect(error).not.toBeInstanceOf(sdk.DynamoDBServiceException)
    await expectSame({ status, body: JSON.stringify({ __type: name, Message: 'no' }) }, { message: 'no' })
  })

  it.each([
    ['ValidationException', 400],
    ['AccessDeniedException', 400],
    ['ExpiredTokenException', 400],
    ['UnrecognizedClientException', 400],
    ['ServiceUnavailable', 503],
    ['SomethingNew', 418],
  ])("is the SDK's, although the SDK's model does not know it: %s", async (name, status) => {
    const error = await expectSame({ status, body: bodyOf(name, { more: { S: 1 } }) }, { name, more: { S: 1 } })
    for (const [, Class] of MODELLED) expect(error).not.toBeInstanceOf(Class)
  })

  it('has the item of a failed condition, with its bytes', async () => {
    const Item = { id: { S: 'a' }, B: { B: 'AAH6/w==' }, m: { M: { l: { L: [{ BS: ['AQ=='] }] } } } }
    const error = await expectSame({ status: 400, body: bodyOf('ConditionalCheckFailedException', { Item }) })
    expect(error.Item).toMatchObject({ B: { B: new Uint8Array([0, 1, 250, 255]) } })
    expect(error).toBeInstanceOf(sdk.ConditionalCheckFailedException)
    await expectSame({ status: 400, body: bodyOf('ValidationException', { Item }) }, { Item: { B: { B: 'AAH6/w==' } } })
  })

  it('says why requests are throttled', async () => {
    const reasons = [{ reason: 'TableReadKeyRangeThroughputExceeded', resource: 'arn:aws:dynamodb:eu-central-1:1:t' }]
    for (const [name, member] of [
      ['ThrottlingException', 'throttlingReasons'],
      ['ProvisionedThroughputExceededException', 'ThrottlingReasons'],
      ['RequestLimitExceeded', 'ThrottlingReasons'],
    ] as const) {
      await expectSame({ status: 400, body: bodyOf(name, { [member]: reasons }) }, { [member]: reasons })
    }
  })

  it('has name, message and ids from the places where the SDK reads them', async () => {
    const names = ['ValidationException', `${NAMESPACE}SomethingNew`, 'Old:http://x.y/', 'a#Odd,b:c', 7, '']
    for (let seed = 0; seed < 200; seed += 1) {
      const choices = Choices.ofSeed(seed)
      const maybe = (name: string, values: readonly unknown[]) =>
        choices.below(2) === 0 ? {} : { [name]: choices.of(values) }
      const members = {
        ...maybe('__type', names),
        ...maybe(choices.of(['code', 'Code', 'CODE']), names),
        ...maybe('message', ['one', '', null]),
        ...maybe('Message', ['two', '', null]),
        ...maybe('Error', [{ Message: 'three' }]),
        ...maybe('constructor', ['x']),
        ...maybe('name', ['x']),
        ...maybe('$fault', ['x']),
      }
      const headers = {
        ...maybe('x-amzn-errortype', ['ValidationException', 'Header:http://x.y/']),
        ...maybe('x-amzn-query-error', ['QueryError;Sender']),
        ...maybe('x-amzn-requestid', ['R1']),
        ...maybe('x-amz-request-id', ['R2']),
        ...maybe('x-amz-id-2', ['R3']),
        ...maybe('x-amz-cf-id', ['R4']),
      } as Record<string, string>
      await expectSame({
        status: choices.of([300, 400, 403, 413, 499, 500, 503]),
        headers,
        body: JSON.stringify(members),
      })
    }
  })

  it('is as empty as the SDK’s for an empty response', async () => {
    const unknown = { name: 'Unknown', message: 'UnknownError' }
    await expectSame({ status: 500 }, { ...unknown, $fault: 'server' })
    for (const body of ['{}', 'null', '5', '[]', 'true']) await expectSame({ status: 400, body }, unknown)
    await expectSame(
      { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException' } },
      { name: 'ThrottlingException' },
    )
  })

  it.each([
    [503, '<html>busy</html>'],
    [403, '{"__type":"x#AccessDeniedException","mess'],
    [400, '\ufeff{}'],
    [502, ' '],
  ])(
    'with status %s and a body that is not JSON is a SyntaxError, which becomes an UnreadableAnswerError',
    async (status, body) => {
      const { theirs, ours } = await both({
        status,
        headers: { 'content-type': 'text/html', 'x-amz-cf-id': 'C' },
        body,
      })
      const { message, ...same } = facts(theirs)
      expect(facts(ours)).toStrictEqual({ ...same, message: message.split('\n  Deserialization error')[0] })
      const error = withoutResponse(ours, 'PutItem', { TableName: 'sessions', Item: {} })
      expect(error).toMatchObject({ name: 'UnreadableAnswerError', status, maybeWritten: true })
    },
  )

  it('is a SyntaxError for an item with unreadable bytes', async () => {
    const body = bodyOf('ConditionalCheckFailedException', { Item: { id: { B: 'A' } } })
    const { theirs, ours } = await both({ status: 400, body })
    expect([theirs.name, ours.name]).toEqual(['TypeError', 'SyntaxError'])
    expect(ours).not.toBeInstanceOf(sdk.ConditionalCheckFailedException)
  })

  it('takes only members from a hostile response', async () => {
    const members =
      '"__proto__":{"$retryable":{}},"toString":"x","stack":"s","$response":"r","$metadata":"m","name":"n"'
    const body = Buffer.from(`{"__type":"x#ValidationException","message":"no",${members}}`)
    const error = errorOf({ status: 400, headers: {}, body }) as Error & Record<string, unknown>
    expect(error).toMatchObject({ name: 'ValidationException', message: 'no', $metadata: { httpStatusCode: 400 } })
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype)
    expect([error.$retryable, typeof error.toString, error.$response]).toEqual([
      undefined,
      'function',
      { statusCode: 400, headers: {} },
    ])
  })

  it('shows neither headers nor body when it is printed', () => {
    const headers = { 'x-amzn-requestid': 'R', 'set-cookie': 'hush' }
    const error = errorOf({ status: 400, headers, body: Buffer.from(bodyOf('ValidationException')) })
    expect(`${inspect(error)} ${JSON.stringify(error)}`).not.toContain('hush')
    expect(error).toMatchObject({ $response: { headers } })
  })

  it('is an instance of the exceptions of any copy of the SDK', async () => {
    const { ConditionalCheckFailedException, ResourceNotFoundException } = anotherCopy()
    expect(ConditionalCheckFailedException).not.toBe(sdk.ConditionalCheckFailedException)
    const body = Buffer.from(bodyOf('ConditionalCheckFailedException'))
    const error = errorOf({ status: 400, headers: {}, body })
    expect(error).toBeInstanceOf(ConditionalCheckFailedException)
    expect(error).not.toBeInstanceOf(ResourceNotFoundException)
  })
})

function anotherCopy(): typeof sdk {
  const require = createRequire(import.meta.url)
  const shared = { ...require.cache }
  for (const path in require.cache) if (/@aws-sdk|@smithy/.test(path)) delete require.cache[path]
  const own = require('@aws-sdk/client-dynamodb')
  Object.assign(require.cache, shared)
  return own
}
