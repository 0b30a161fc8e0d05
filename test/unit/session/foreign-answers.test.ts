import { StandardRetryStrategy } from '@smithy/core/retry'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { connectionTo } from '../../support/connection.js'
import { checksum, type Stub, sendJson, sendText, startStub } from '../../support/dynamodb-stub.js'
import { FOREIGN } from '../../support/foreign-answers.js'
import { storedKey } from '../../support/stored-key.js'

const ID = 'secret-id'
const ITEM = { session_id: { S: storedKey(ID) }, data: { S: '{"user_id":"u"}' }, updated_at: { S: '1763832000.5' } }

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())

const BODIES = Object.entries(FOREIGN).filter(([name]) => !/broken|half|another operation/.test(name))

describe.each(['lean', 'sdk'] as const)('a response that is not from DynamoDB, transport %s', (transport) => {
  function parts(options: Options = {}) {
    const retryStrategy = new StandardRetryStrategy({ maxAttempts: 2, baseDelay: 1 })
    const client = stub.client({ retryStrategy })
    const given = { transport, tableName: 'sessions', touchInterval: 0, client, indexKeys: ['user_id'], ...options }
    const configuration = resolveConfiguration(given)
    const repository = new SessionRepository(configuration, connectionTo(client))
    return { client, given, repository, index: new SessionsByValue(configuration, connectionTo(client)) }
  }

  async function loaded(repository: SessionRepository) {
    stub.answer((_, response) => sendJson(response, { Item: ITEM }))
    const record = await repository.find(ID)
    if (!record) throw new Error('there should be a session')
    return record
  }

  it.each(BODIES)('neither acknowledges a logout nor hides a session: %s', async (_, answer) => {
    const { client, repository, index } = parts()
    const record = await loaded(repository)
    stub.answer((_request, response) => answer(response, {}))
    const lost = { name: 'UnreadableAnswerError', maybeWritten: false }
    const unknown = { name: 'UnreadableAnswerError', maybeWritten: true }
    await expect(repository.find(ID)).rejects.toMatchObject(lost)
    await expect(repository.create(ID, {})).rejects.toMatchObject(unknown)
    await expect(repository.update(record, { a: 1 })).rejects.toMatchObject(unknown)
    await expect(repository.touch(record)).rejects.toMatchObject(unknown)
    await expect(repository.delete(ID)).rejects.toMatchObject(unknown)
    await expect(index.keysBy('user_id', 'u')).rejects.toMatchObject(lost)
    await expect(index.keysBy('user_id', 'u', { scan: true })).rejects.toMatchObject(lost)
    client.destroy()
  })

  it('does not take a lock, even if it looks like the response to another lock request', async () => {
    const { client, repository } = parts({ locking: 'pessimistic' })
    for (const other of [{}, { Attributes: { ...ITEM, session_id: { S: 'other' } } }]) {
      const body = JSON.stringify(other)
      stub.answer((_, response) => sendText(response, body, 200, checksum(body)))
      const failure = { name: 'UnreadableAnswerError', maybeWritten: true }
      await expect(repository.findForChange(ID)).rejects.toMatchObject(failure)
    }
    client.destroy()
  })

  it('makes destroy of the store fail, and a repeat with a response of DynamoDB succeeds', async () => {
    const { client, given } = parts()
    const store = new DynamoSessionStore(given)
    const destroy = () =>
      new Promise<void>((resolve, reject) => {
        store.destroy(ID, (error?: unknown) => (error ? reject(error) : resolve()))
      })
    stub.answer((_, response) => sendText(response, '{"status":"UP"}'))
    await expect(destroy()).rejects.toMatchObject({ name: 'UnreadableAnswerError', maybeWritten: true })
    stub.reset()
    stub.answer((_, response, count) => sendText(response, count === 1 ? '{"status":"UP"}' : '{}'))
    await destroy()
    expect(stub.requests).toHaveLength(2)
    client.destroy()
  })

  it('does not put a session or its id into the error', async () => {
    const { client, repository } = parts()
    stub.answer((_, response) => sendJson(response, { Item: { ...ITEM, session_id: { S: 'secret-other' } } }))
    const error = await repository.find(ID).catch((reason) => reason)
    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toMatch(/secret-|user_id/)
    client.destroy()
  })
})
