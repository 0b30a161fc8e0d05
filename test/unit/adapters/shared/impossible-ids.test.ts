import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createSession } from '@remix-run/session'
import type { Session as FastifySession } from 'fastify'
import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { InvalidSessionIdError } from '../../../../runtime/errors.js'
import { DynamoSessionStore as ExpressStore } from '../../../../runtime/express.js'
import { DynamoSessionStore as FastifyStore } from '../../../../runtime/fastify.js'
import { createSessionStorage } from '../../../../runtime/fetch.js'
import type { Options } from '../../../../runtime/index.js'
import { DynamoSessionStore as KoaStore } from '../../../../runtime/koa.js'
import { keyOf } from '../../../../runtime/session/item/session-key.js'
import { recordOf } from '../../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../../runtime/session/session-repository.js'
import { connectionTo } from '../../../support/connection.js'
import { encrypted } from '../../../support/stored-data.js'
import { storedKey } from '../../../support/stored-key.js'

/** Ids that can't be keys with this prefix. */
const keyPrefix = 'shop:'
const IDS: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  'a number': 42,
  'an object': {},
  empty: '',
  'too long': 'x'.repeat(2049),
  'too long with its prefix': 'x'.repeat(2044),
  'a stored key': keyOf('an id', { keyPrefix, hashSessionIds: true }),
  'a stored key without its prefix': keyOf('an id', { hashSessionIds: true }),
}

/** A client that fails if a request is sent. */
const client = { send: () => Promise.reject(new Error('a request was sent')), config: new DynamoDBClient({}).config }
const options = { client, keyPrefix, region: 'us-east-1' } as unknown as Options
const cookie = { originalMaxAge: null }

const WAYS: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'set of Express': (id) => new ExpressStore(options).set(id, { cookie }),
  'set of Express, with a callback': (id) =>
    new Promise((resolve, reject) => {
      new ExpressStore(options).set(id, { cookie }, (error) => (error ? reject(error) : resolve(undefined)))
    }),
  'touch of Express': (id) => new ExpressStore(options).touch(id, { cookie }),
  'set of Fastify': (id) => new FastifyStore(options).set(id, { user: 'ada' } as unknown as FastifySession),
  'set of Koa': (id) => new KoaStore(options).set(id, { user: 'ada' }),
  'set of Koa, in a request': (id) => new KoaStore(options).set(id, { user: 'ada' }, 1000, { ctx: {} }),
  'save of a session storage': (id) => createSessionStorage(options).save(createSession(id, [{ user: 'ada' }, {}])),
  'create of the repository': (id) => repository().create(id, { a: 1 }),
  'create of the repository, with a maker of ids': (id) => repository().create(() => id, { a: 1 }),
  'put of the repository': (id) => repository().put(id, { a: 1 }),
  'renew of the repository': (id) => repository().regenerate(loaded(), id, { a: 1 }, { keep: false }),
  'renew of the repository, with a maker of ids': (id) =>
    repository().regenerate(loaded(), () => id, {}, { keep: true }),
}

/** Here `createSession` makes an id itself. */
const MADE = ['save of a session storage', 'undefined']

describe.each(Object.entries(WAYS))('%s', (way, save) => {
  it.each(Object.entries(IDS).filter(([what]) => way !== MADE[0] || what !== MADE[1]))(
    'refuses an id that is %s',
    async (_what, id) => {
      const error = (await save(id as string).catch((error: unknown) => error)) as Error
      expect(error).toBeInstanceOf(InvalidSessionIdError)
      expect(error.message).toMatch(
        /must be text, not|must not be empty|bytes( \(with key_prefix\))? is too long|A stored key is no session id/,
      )
    },
  )
})

function repository(): SessionRepository {
  return new SessionRepository(resolveConfiguration(options), connectionTo(client as unknown as DynamoDBClient))
}

function loaded() {
  return recordOf('an id', encrypted({ data: { S: '{}' } }, storedKey('an id', options)), resolveConfiguration(options))
}
