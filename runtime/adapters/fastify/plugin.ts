import type { FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyCookie from '#@fastify/cookie'
import fastifySession from '#@fastify/session'
import type { Options } from '../../configuration/options.js'
import { SaveHooks } from './save-hooks.js'
import { type FastifySessions, type Request, sessionsOf } from './session-registry.js'
import { DynamoSessionStore } from './store.js'

/** The options of the plugin: `store`, and those of @fastify/session, which are passed on unchanged. */
export interface DynamoSessionOptions extends Omit<FastifySessionOptions, 'store' | 'secret'> {
  /**
   * A store, or the options for one.
   *
   * @default ENV, the configuration file and the defaults of the options
   */
  readonly store?: Options | DynamoSessionStore | undefined
  /**
   * Secret that signs the cookies: 32 characters or more, a list of such texts to rotate, or a signer.
   *
   * @default the store signs the session ids with `secret_key` (`store.signer` with `store.genid`)
   */
  readonly secret?: FastifySessionOptions['secret'] | undefined
  /**
   * Whether to store new sessions without data. @fastify/session's own default is true.
   *
   * @default false
   */
  readonly saveUninitialized?: boolean
}

/**
 * Keeps the `session` of requests in DynamoDB. The plugin registers @fastify/session (11.1.3 or later) with a
 * `DynamoSessionStore`. It also registers @fastify/cookie, if the application has not registered it.
 *
 * @example
 * ```ts
 * await app.register(dynamoSession, { store: { tableName: 'sessions' } })
 * ```
 *
 * @throws {ConfigurationError} if the configuration is wrong
 * @throws {MissingSecretKeyError} without any secret
 */
export const dynamoSession: FastifyPluginAsync<DynamoSessionOptions> = Object.assign(plugin, {
  // The hooks apply to the instance that registers the plugin, not only to the plugin's scope. fastify-plugin sets the
  // same marks.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'dynamo-session-store',
  [Symbol.for('plugin-meta')]: { name: 'dynamo-session-store', fastify: '5.x' },
})

async function plugin(app: FastifyInstance, { store: storeOption, ...options }: DynamoSessionOptions): Promise<void> {
  const store = storeOption instanceof DynamoSessionStore ? storeOption : new DynamoSessionStore(storeOption)
  const secret = options.secret ?? store.signer
  const idGenerator = options.idGenerator ?? (options.secret ? undefined : store.genid)
  const { saveUninitialized = false, cookieName = COOKIE_NAME } = options
  const settings = { ...options, saveUninitialized, secret, store, ...(idGenerator && { idGenerator }) }
  const sessions = sessionsOf(store)
  sessions.isAttached = true
  const saveHooks = new SaveHooks(sessions)

  if (!app.hasPlugin('@fastify/cookie')) await app.register(fastifyCookie)
  app.addHook('onSend', (request, _reply, _payload, done) => {
    saveHooks.before(request)
    done()
  })
  await app.register(fastifySession, settings)
  app.addHook('onSend', (request, reply, _payload, done) => {
    saveHooks.after(request)
    // The framework does not delete the cookie. The Ruby gem fails on a cookie whose item was deleted.
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
    if (isLoaded) saveHooks.noteCookie(request, cookieOf(request, settings))
    // No hook reports every client that disconnects before the response.
    if (reply.raw.destroyed || request.raw.aborted) sessions.finish(request)
    else reply.raw.once('close', () => sessions.finish(request))
    done()
  })
  app.addHook('preHandler', (request, _reply, done) => {
    // A WebSocket (@fastify/websocket) can stay open for days, and must not lock the session for that time.
    if ('ws' in request && request.ws) sessions.finish(request, { touch: true })
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    sessions.finish(request, { touch: true })
    done()
  })
  adoptDecrypted(app, sessions)
}

/** The default of @fastify/session. */
const COOKIE_NAME = 'sessionId'

/** The value of the session cookie, without the prefix. A cookie without the prefix belongs to another program. */
function cookieOf(request: FastifyRequest, { cookieName = COOKIE_NAME, cookiePrefix = '' }: FastifySessionOptions) {
  const value = request.cookies[cookieName]
  return value?.startsWith(cookiePrefix) ? value.slice(cookiePrefix.length) : undefined
}

/**
 * `decryptSession` loads a session without a response, for example for a socket. So the call must not lock the session.
 */
function adoptDecrypted(app: FastifyInstance, sessions: FastifySessions): void {
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
