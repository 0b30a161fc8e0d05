import type { Session } from '@remix-run/session'
import type { MiddlewareHandler } from 'hono'
import type { SessionManager } from '../fetch/manager.js'
import type { SessionOptions } from '../fetch/rack-options.js'
import type { AnyShape, Shape } from '../fetch/storage.js'

/**
 * The variables that the middleware adds to Hono's context.
 *
 * @example
 * ```ts
 * const app = new Hono<{ Variables: SessionVariables<{ user: string }> }>()
 * ```
 */
export interface SessionVariables<Values extends object = AnyShape, Flash extends object = AnyShape> {
  session: Session<Shape<Values>, Shape<Flash>>
  /** Rack's options for this request, which a handler may set. */
  sessionOptions: SessionOptions
}

/**
 * Gives every request its session: `c.get('session')`. Stores the session before the response is sent, unless a handler
 * threw. Change the session before the body is streamed.
 *
 * @example
 * ```ts
 * app.use(dynamoSession(createSessionManager()))
 * ```
 */
export function dynamoSession<Values extends object = AnyShape, Flash extends object = AnyShape>(
  manager: SessionManager<Values, Flash>,
): MiddlewareHandler<{ Variables: SessionVariables<Values, Flash> }> {
  return async (context, next) => {
    const { session, options, commit, release } = await manager.load(context.req.header('cookie'), {
      secure: new URL(context.req.url).protocol === 'https:',
      get signal() {
        return context.req.raw.signal
      },
      request: context.req,
    })
    context.set('session', session)
    context.set('sessionOptions', options)
    try {
      await next()
    } catch (error) {
      await release()
      throw error
    }
    if (context.error) return release()
    const setCookie = await commit()
    if (setCookie !== undefined) context.header('Set-Cookie', setCookie, { append: true })
  }
}
