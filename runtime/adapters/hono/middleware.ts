import type { Session } from '@remix-run/session'
import type { MiddlewareHandler } from 'hono'
import type { SessionManager } from '../fetch/manager.js'
import type { SessionOptions } from '../fetch/rack-options.js'
import type { AnyShape, Shape } from '../fetch/storage.js'

/** For `new Hono<{ Variables: SessionVariables<{ user: string }> }>()`. */
export interface SessionVariables<Values extends object = AnyShape, Flash extends object = AnyShape> {
  session: Session<Shape<Values>, Shape<Flash>>
  /** Rack's options for this request. */
  sessionOptions: SessionOptions
}

/**
 * Gives every request its session, `c.get('session')`, and stores it before the answer is sent; not when a handler
 * threw. What a streamed body changes in the session comes too late.
 *
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
