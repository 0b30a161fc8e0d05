import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createCookie } from '@remix-run/cookie'
import { createRouter } from '@remix-run/fetch-router'
import { Session } from '@remix-run/session'
import { session } from '@remix-run/session-middleware'
import { createSessionStorage } from '../../../runtime/fetch.js'
import type { Adapter } from './adapter.js'
import { sessionOf } from './fetch-session.js'
import { listen, stop } from './listen.js'

const NAME = 'session'
const SECRETS = ['the secret of the cookie']

const requests = new AsyncLocalStorage<Request>()

export const remixAdapter: Adapter = {
  name: 'remix',
  cookieName: NAME,
  // Remix does not pass the request to the storage.
  describe: () => ({ userAgent: requests.getStore()?.headers.get('user-agent') ?? undefined }),
  releasesAfterThrow: false,
  savesAfterThrow: false,
  saveErrorStatus: 500,
  regenerateKeepsData: true,
  async start(routes, { options, cookieLifetime }) {
    const cookie = createCookie(NAME, { secrets: SECRETS, httpOnly: true, maxAge: cookieLifetime })
    // The storage does not see the cookie, so it needs the lifetime too.
    const storage = createSessionStorage({ ...options, maxStale: cookieLifetime ?? options.maxStale })
    const router = createRouter({ middleware: [session(cookie, storage)] })
    for (const [path, route] of Object.entries(routes)) {
      router.get(path, async (context) => new Response(await route(sessionOf(context.get(Session)))))
    }
    const failures: unknown[] = []
    const fetch = async (request: Request) => {
      try {
        return await requests.run(request, () => router.fetch(request))
      } catch (error) {
        failures.push(error)
        return new Response(String(error), { status: 500 })
      }
    }
    const server = createServer(getRequestListener(fetch, { overrideGlobalObjects: false }))
    return { port: await listen(server), failures, store: storage, stop: () => stop(server) }
  },
  idOf: (cookieValue) => atob(cookieValue.slice(0, cookieValue.lastIndexOf('.'))),
  cookieFor: async (id) => cookieValueIn(await createCookie(NAME, { secrets: SECRETS }).serialize(id)),
}

function cookieValueIn(setCookie: string): string {
  return setCookie.slice(NAME.length + 1).split(';')[0] ?? ''
}
