import type { FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyCookie from '#@fastify/cookie'
import fastifySession from '#@fastify/session'
import type { Options } from '../../configuration/options.js'
import { FastifyEnding } from './save-hooks.js'
import type { FastifySessions, Request } from './session-registry.js'
import { attach, DynamoSessionStore } from './store.js'

/** Those of @fastify/session, which gets them as they are, and the store. */
export interface DynamoSessionOptions extends Omit<FastifySessionOptions, 'store' | 'secret'> {
  /** Options of the store, or a store made before. Not given: everything comes from ENV and the configuration file. */
  readonly store?: Options | DynamoSessionStore | undefined
  /**
   * Signs the cookies: a text of 32 characters or more, several to rotate them, or a signer. Not given: the store's
   * own `secret_key` signs the ids themselves, as `store.genid` makes them.
   */
  readonly secret?: FastifySessionOptions['secret'] | undefined
  /** Whether to store sessions that nothing was written to. Default: false, unlike @fastify/session's. */
  readonly saveUninitialized?: boolean
}

/**
 * Gives requests a `session` that is kept in DynamoDB: registers @fastify/session (11.1.3 or later) with a
 * `DynamoSessionStore`, and before it @fastify/cookie, unless the application has registered that.
 *
 * ```ts
 * await app.register(dynamoSession, { store: { tableName: 'sessions' } })
 * ```
 *
 * @throws {ConfigurationError} when the configuration is wrong @throws {MissingSecretKeyError} without any secret
 */
export const dynamoSession: FastifyPluginAsync<DynamoSessionOptions> = Object.assign(plugin, {
  // For the instance that registers it, not only for what is within; the package fastify-plugin marks plugins so.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'dynamo-session-store',
  [Symbol.for('plugin-meta')]: { name: 'dynamo-session-store', fastify: '5.x' },
})

async function plugin(app: FastifyInstance, { store: given, ...options }: DynamoSessionOptions): Promise<void> {
  const store = given instanceof DynamoSessionStore ? given : new DynamoSessionStore(given)
  const secret = options.secret ?? store.signer
  const idGenerator = options.idGenerator ?? (options.secret ? undefined : store.genid)
  const { saveUninitialized = false, cookieName = COOKIE_NAME } = options
  const settings = { ...options, saveUninitialized, secret, store, ...(idGenerator && { idGenerator }) }
  const sessions = attach(store)
  const ending = new FastifyEnding(sessions)

  if (!app.hasPlugin('@fastify/cookie')) await app.register(fastifyCookie)
  app.addHook('onSend', (request, _reply, _payload, done) => {
    ending.before(request)
    done()
  })
  await app.register(fastifySession, settings)
  app.addHook('onSend', (request, reply, _payload, done) => {
    ending.after(request)
    // The framework leaves the cookie to the browser. The Ruby gem fails on a cookie whose item was deleted.
    const attributes = sessions.cookieToDelete(request)
    try {
      if (attributes && cookieOf(request, settings) !== undefined) reply.clearCookie(cookieName, attributes)
    } catch (error) {
      return done(error as Error) // an attribute that no cookie can have
    }
    done()
  })

  app.addHook('onRequest', (request, reply, done) => {
    const { isLoaded } = sessions.adopt(request)
    if (isLoaded) ending.note(request, cookieOf(request, settings))
    // Not only when it is answered: hooks say nothing of every client that goes away.
    if (reply.raw.destroyed || request.raw.aborted) sessions.finish(request)
    else reply.raw.once('close', () => sessions.finish(request))
    done()
  })
  app.addHook('preHandler', (request, _reply, done) => {
    // A WebSocket (@fastify/websocket) can stay open for days: the session must not be locked for so long.
    if ('ws' in request && request.ws) sessions.finish(request, { renew: true })
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    sessions.finish(request, { renew: true })
    done()
  })
  letBeAdopted(app, sessions)
}

/** The cookie's name where the application gives none: that of @fastify/session. */
const COOKIE_NAME = 'sessionId'

/** What the request's cookie says, without the prefix; undefined for one without it, which is not this plugin's. */
function cookieOf(request: FastifyRequest, { cookieName = COOKIE_NAME, cookiePrefix = '' }: FastifySessionOptions) {
  const value = request.cookies[cookieName]
  return value?.startsWith(cookiePrefix) ? value.slice(cookiePrefix.length) : undefined
}

/** What `decryptSession` loads, for example for a socket, has no response that gives a lock back. */
function letBeAdopted(app: FastifyInstance, sessions: FastifySessions): void {
  const { decryptSession } = app
  Object.assign(app, {
    decryptSession(id: string, request: Request, ...rest: unknown[]): void {
      const callback = rest.pop() as (error?: unknown) => void
      const adopt = (error?: unknown) => {
        sessions.adopt(request)
        callback(error)
      }
      sessions.withoutLock(() => Reflect.apply(decryptSession, app, [id, request, ...rest, adopt]))
    },
  })
}
