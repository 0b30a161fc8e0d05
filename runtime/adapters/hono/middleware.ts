import type { Session } from '@remix-run/session'
import type { MiddlewareHandler } from 'hono'
import type { SessionManager } from '../fetch/manager.js'
import type { SessionOptions } from '../fetch/rack-options.js'
import { withSessionHeaders } from '../fetch/response.js'
import type { AnyShape, Shape } from '../fetch/types.js'

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
    const { session, options, commit, release, headers } = await manager.load(context.req.header('cookie'), {
      secure: new URL(context.req.url).protocol === 'https:',
      request: context.req,
      get signal() {
        return context.req.raw.signal
      },
    })
    context.set('session', session)
    context.set('sessionOptions', options)
    try {
      await next()
    } catch (error) {
      await release()
      throw error
    }
    // The response to an error may depend on the session too.
    let setCookie: string | undefined
    if (context.error) await release()
    else setCookie = await commit()
    const response = withSessionHeaders(context.res, context.req.method, setCookie, headers(), (target, added) =>
      manager.addHeaders(target, added),
    )
    if (response === context.res) return
    // Otherwise Hono copies the headers of the former response to this one.
    context.res = undefined
    context.res = response
  }
}
