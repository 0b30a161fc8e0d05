import { beforeEach, describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import type { Item } from '../../../../runtime/session/item/session-record.js'
import { ItemsByKey } from '../../../../runtime/session/requests/items-by-key.js'
import { FakeTransport, type SentRequest } from '../../../support/fake-transport.js'
import { recordWaits } from '../../../support/quick-sleep.js'

const TABLE = 'sessions'
const KEYS = Array.from({ length: 60 }, (_, number) => `k${number}`)

let transport: FakeTransport
let items: ItemsByKey

beforeEach(() => {
  transport = new FakeTransport()
  for (const key of KEYS) transport.items.set(key, { session_id: { S: key } })
  items = new ItemsByKey(resolveConfiguration({ region: 'us-east-1', tableName: TABLE }, {}), { transport })
})

/** Answers each request, also those that are sent later. */
async function answerAll(by: (request: SentRequest, count: number) => void): Promise<void> {
  for (let count = 0, idle = 0; idle < 20; idle += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    for (; count < transport.requests.length; count += 1, idle = 0) by(transport.requests[count] as SentRequest, count)
  }
}

const keysOf = (found: readonly Item[]) => found.map(({ session_id }) => session_id?.S)
const sizes = () => transport.requests.map(({ keys }) => keys.length)

describe('reading many items', () => {
  it('sends requests for at most 25 keys, consistent and with a projection', async () => {
    const reading = items.getAll(KEYS, ['session_id', 'user.id'])
    await answerAll((request) => request.answer())
    expect(keysOf(await reading)).toEqual(KEYS)
    expect(sizes()).toEqual([25, 25, 10])
    expect(transport.requests[0]?.input).toMatchObject({
      RequestItems: {
        [TABLE]: {
          ConsistentRead: true,
          ProjectionExpression: '#n0, #n1',
          ExpressionAttributeNames: { '#n0': 'session_id', '#n1': 'user.id' },
        },
      },
    })
  })

  it('reads whole items without a projection, and sends nothing for no keys', async () => {
    expect(await items.getAll([])).toEqual([])
    const reading = items.getAll(['k1'])
    await answerAll((request) => request.answer())
    expect(await reading).toHaveLength(1)
    expect(transport.requests).toHaveLength(1)
    expect(JSON.stringify(transport.requests[0]?.input)).not.toContain('Projection')
  })

  it('requests unprocessed keys again, with the same projection, after a growing wait', async () => {
    const waits = recordWaits()
    const reading = items.getAll(['k1', 'k2', 'k3'], ['session_id'])
    await answerAll((request) => {
      const [first = '', ...rest] = request.keys
      const left = rest.map((key) => ({ session_id: { S: key } }))
      request.answer({
        Responses: { [TABLE]: [{ session_id: { S: first } }] },
        UnprocessedKeys: left.length > 0 ? { [TABLE]: { Keys: left } } : {},
      })
    })
    expect(keysOf(await reading)).toEqual(['k1', 'k2', 'k3'])
    expect(transport.sent()).toEqual(['BatchGetItem k1 k2 k3', 'BatchGetItem k2 k3', 'BatchGetItem k3'])
    expect(JSON.stringify(transport.requests[2]?.input)).toContain('"ProjectionExpression":"#n0"')
    expect(waits).toHaveLength(2)
    expect(waits.every((wait, attempt) => wait >= 0 && wait <= 20 * 2 ** attempt)).toBe(true)
  })

  it('fails if DynamoDB leaves a key unprocessed each time', async () => {
    const reading = items.getAll(['k1']).catch((error: unknown) => error)
    await answerAll((request) => {
      const Keys = [{ session_id: { S: 'k1' } }]
      request.answer({ Responses: { [TABLE]: [] }, UnprocessedKeys: { [TABLE]: { Keys } } })
    })
    expect(await reading).toMatchObject({ name: 'DynamoSessionError', code: 'DYNAMO_SESSION' })
    expect(String(await reading)).toMatch(
      /left 1 item of the table "sessions" unread in 11 requests.*Raise its capacity/,
    )
    expect(transport.requests).toHaveLength(11)
  })

  it('passes on the error of a request, and sends no further requests', async () => {
    const reading = items.getAll(KEYS).catch((error: unknown) => error)
    const failure = Object.assign(new Error('slow down'), { name: 'ThrottlingException', $fault: 'client' })
    await answerAll((request) => request.fail(failure))
    expect(await reading).toMatchObject({ name: 'ThrottlingException' })
    expect(transport.requests.length).toBeLessThanOrEqual(3)
  })
})
