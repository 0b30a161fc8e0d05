import { crc32 } from 'node:zlib'
import { ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { HttpResponse } from '@smithy/core/protocols'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { Connection } from '../../../runtime/dynamodb/connection.js'
import type { Transport } from '../../../runtime/dynamodb/transport.js'
import { connectionFor, failureOf } from '../../support/both-transports.js'
import { type Stub, sendJson, sendText, startStub } from '../../support/dynamodb-stub.js'

const inputOf = (id: string) => ({ TableName: 'sessions', Key: { session_id: { S: id } } })
const itemOf = (id: string) => ({ ...inputOf(id).Key, data: { S: `data of ${id}` } })

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())

/** The transport for a client of the application. */
function transportOf(client: DynamoDBClient): Transport {
  const connection = new Connection(resolveConfiguration({ client, tableName: 'sessions' }))
  onTestFinished(() => connection.close())
  return connection.transport
}

describe('a client that keeps the middleware of the first command', () => {
  it('has each response compared with its own request', async () => {
    const client = stub.client({ cacheMiddleware: true })
    const transport = transportOf(client)
    stub.answer(({ body }, response) => sendJson(response, { Item: itemOf(JSON.parse(body).Key.session_id.S) }))
    for (const id of ['a', 'b']) {
      expect(await transport.send('GetItem', inputOf(id))).toMatchObject({ Item: itemOf(id) })
    }
    stub.answer((_, response, count) => sendJson(response, { Item: itemOf(count === 3 ? 'a' : 'c') }))
    expect(await transport.send('GetItem', inputOf('c'))).toMatchObject({ $metadata: { attempts: 2 } })
    client.destroy()
  })

  it('has responses checked even after a command of the application, which has no check', async () => {
    const client = stub.client({ cacheMiddleware: true, maxAttempts: 1 })
    const transport = transportOf(client)
    stub.answer((_, response) => sendText(response, '{"status":"UP"}'))
    await client.send(new GetItemCommand(inputOf('a')))
    expect(await failureOf(transport.send('GetItem', inputOf('a')))).toMatchObject({ name: 'UnreadableAnswerError' })
    expect(await client.send(new GetItemCommand(inputOf('a')))).toMatchObject({ $metadata: { httpStatusCode: 200 } })
    client.destroy()
  })
})

it('accepts headers in any case from a request handler of the application', async () => {
  const body = JSON.stringify({ Item: itemOf('a') })
  const headers = { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Crc32': String(crc32(body)) }
  const requestHandler = {
    handle: async () => ({ response: new HttpResponse({ statusCode: 200, headers, body: Buffer.from(body) }) }),
  }
  const handedOver = transportOf(stub.client({ requestHandler, maxAttempts: 1 }))
  const { transport: configured } = connectionFor(stub, { requestHandler, maxAttempts: 1 })
  for (const transport of [handedOver, configured]) {
    expect(await transport.send('GetItem', inputOf('a'))).toMatchObject({ Item: itemOf('a') })
  }
})

describe('a client whose send is mocked', () => {
  async function answered(answer: () => unknown): Promise<unknown> {
    const client = { send: vi.fn(async () => answer()) } as unknown as DynamoDBClient
    return await transportOf(client).send('GetItem', inputOf('a'))
  }
  const failed = (id: string) => () => {
    throw new ConditionalCheckFailedException({ message: 'no', $metadata: {}, Item: itemOf(id) })
  }

  it('has only the keys of items compared', async () => {
    for (const answer of [{}, undefined, { Item: itemOf('a') }, { Item: itemOf('a'), more: 1 }]) {
      expect(await answered(() => answer)).toBe(answer)
    }
    const error = await failureOf(answered(() => ({ Item: itemOf('b') })))
    expect(error).toMatchObject({ name: 'UnreadableAnswerError', maybeWritten: false })
    expect(error.message).not.toContain('HTTP')
  })

  it('has the item of a failed condition compared', async () => {
    expect(await failureOf(answered(failed('a')))).toBeInstanceOf(ConditionalCheckFailedException)
    expect(await failureOf(answered(failed('b')))).toMatchObject({ name: 'UnreadableAnswerError' })
  })
})
