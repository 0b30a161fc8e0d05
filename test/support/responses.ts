import { type BatchGetItemCommandInput, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../runtime/configuration/options.js'
import { connectionFor, failureOf, sentBy } from './both-transports.js'
import { checksum, type Stub, sendJson, sendText, startStub } from './dynamodb-stub.js'
import { FOREIGN, failedCondition, SENT, type Sent } from './foreign-answers.js'

const [READ, WRITE, LOCK] = SENT as [Sent, Sent, Sent]

/**
 * What a transport accepts as DynamoDB's response, and how it refuses the rest.
 *
 * @param transport the transport
 * @param requests the requests whose responses are wrong in every way
 */
export function testResponses(transport: 'lean' | 'sdk', requests: readonly Sent[]): void {
  let stub: Stub

  beforeAll(async () => {
    stub = await startStub()
  })
  afterAll(() => stub.stop())
  beforeEach(() => stub.reset())

  async function send({ operation, input }: Sent, options: Options = {}): Promise<unknown> {
    const connection = connectionFor(stub, { transport, maxAttempts: 3, ...options })
    try {
      return await connection.transport.send(operation, input as never)
    } finally {
      connection.close()
      expect(new Set(sentBy(stub.requests))).toEqual(new Set([transport]))
    }
  }

  describe.each(requests)('a $name', (sent) => {
    const { operation, genuine, writes } = sent

    it.each(Object.entries(FOREIGN))('is repeated when the response is %s, then fails', async (_, answer) => {
      stub.answer((_request, response) => answer(response, genuine))
      const error = await failureOf(send(sent))
      expect(error).toMatchObject({ name: 'UnreadableAnswerError', maybeWritten: writes })
      expect(error.message).toContain(`The response to ${operation} `)
      expect(stub.requests).toHaveLength(3)
      expect(stub.connections).toBe(3)
    })

    it.each(Object.entries(sent.wrong))('is repeated when the response has %s', async (_, answer) => {
      const body = JSON.stringify(answer)
      stub.answer((_request, response) => sendText(response, body, 200, checksum(body)))
      expect(await failureOf(send(sent))).toMatchObject({ name: 'UnreadableAnswerError', maybeWritten: writes })
      expect(stub.requests).toHaveLength(3)
    })

    it('accepts the response to a repeated request', async () => {
      stub.answer((_request, response, count) =>
        sendText(response, count === 1 ? '{"status":"UP"}' : JSON.stringify(genuine)),
      )
      expect(await send(sent)).toEqual({ ...genuine, $metadata: expect.objectContaining({ attempts: 2 }) })
    })

    it('accepts a content type with parameters, and unknown members with a correct checksum', async () => {
      const body = JSON.stringify({ ...genuine, Later: 1 })
      const headers = {
        'content-type': 'Application/X-Amz-JSON-1.0; charset=utf-8',
        'x-amz-crc32': checksum(body)['x-amz-crc32'],
      }
      stub.answer((_request, response) => sendText(response, body, 200, headers))
      expect(await send(sent)).toEqual({ ...genuine, $metadata: expect.objectContaining({ attempts: 1 }) })
    })
  })

  it.each([
    [503, '<html>', 'text/html', 3],
    [403, '<html>', 'text/html', 1],
    [400, '{"__type":"x#ValidationException","message":"no"}', 'text/plain', 1],
  ])('leaves an error with status %s as it is', async (status, body, type, requests) => {
    stub.answer((_request, response) => sendText(response, body, status, { 'content-type': type }))
    for (const sent of [READ, WRITE]) {
      stub.reset()
      stub.answer((_request, response) => sendText(response, body, status, { 'content-type': type }))
      const error = await failureOf(send(sent))
      if (status === 400) expect(error.name).toBe('ValidationException')
      else expect(error).toMatchObject({ name: 'UnreadableAnswerError', status, maybeWritten: sent.writes })
      expect(stub.requests).toHaveLength(requests)
    }
  })

  it('accepts a failed condition, with its item, and without a checksum', async () => {
    const body = failedCondition({ Item: (READ.genuine as { Item: object }).Item, Later: 1 })
    stub.answer((_request, response) => sendText(response, body, 400, checksum(body)))
    expect(await failureOf(send(WRITE))).toBeInstanceOf(ConditionalCheckFailedException)
    stub.answer((_request, response) => sendText(response, failedCondition({}), 400))
    expect(await failureOf(send(LOCK))).toMatchObject({ $metadata: { attempts: 1 } })
  })

  it('accepts a batch with only unprocessed keys, without a list for the table', async () => {
    const batch = SENT.find(({ operation }) => operation === 'BatchGetItem') as Sent
    const { RequestItems } = batch.input as BatchGetItemCommandInput
    stub.answer((_request, response) => sendJson(response, { Responses: {}, UnprocessedKeys: RequestItems }))
    expect(await send(batch)).toMatchObject({ UnprocessedKeys: RequestItems, $metadata: { attempts: 1 } })
  })

  it('accepts empty attributes after a write, as emulators send them', async () => {
    stub.answer((_request, response) => sendJson(response, { Attributes: {} }))
    expect(await send(WRITE)).toMatchObject({ $metadata: { attempts: 1 } })
  })

  it('ignores the checksum of a body that was encoded on the way', async () => {
    const headers = { 'x-amz-crc32': '7', 'content-encoding': 'identity' }
    stub.answer((_request, response) => sendText(response, JSON.stringify(READ.genuine), 200, headers))
    expect(await send(READ)).toMatchObject(READ.genuine)
  })

  it.each(SENT)('stops reading at the limit of the response to a $name', async (sent) => {
    const limits: Record<string, number> = { BatchGetItem: 64, Query: 8, Scan: 8 }
    const most = (limits[sent.operation] ?? 4) * 1024 * 1024
    let written = 0
    const chunk = Buffer.alloc(256 * 1024, ' ')
    stub.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
      const more = () => {
        if (response.destroyed) return
        written += chunk.byteLength
        response.write(chunk, () => setImmediate(more))
      }
      more()
    })
    const error = await failureOf(send(sent, { maxAttempts: 1 }))
    expect(error).toMatchObject({ name: 'UnreadableAnswerError', maybeWritten: sent.writes })
    expect(error.message).toContain(`longer than ${most / 1024 / 1024} MB`)
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    expect(written).toBeGreaterThan(most)
    expect(written).toBeLessThan(most + 16 * 1024 * 1024)
  })

  it('reads a response up to the limit', async () => {
    const data = { S: '\u0001'.repeat(399_000) }
    stub.answer((_request, response) => sendText(response, JSON.stringify({ Item: { session_id: { S: 'a' }, data } })))
    expect(await send(READ)).toMatchObject({ Item: { data } })
  })

  it('shows nothing of the response in the error', async () => {
    stub.answer((_request, response) => sendText(response, '{"Item":{"data":{"S":"hush'))
    const error = await failureOf(send(READ))
    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain('hush')
  })
}
