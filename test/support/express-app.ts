import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session from 'express-session'

export type Handle = (request: express.Request, response: express.Response, next: express.NextFunction) => unknown

export interface Answered {
  readonly status: number
  readonly text: string
  readonly setCookie: string | null
}

/** A running Express application with sessions, and a browser that keeps the cookie it is given. */
export interface Browsed {
  get(path: string, init?: RequestInit): Promise<Answered>
  /** The errors that reached Express's error handling. */
  readonly failures: unknown[]
  readonly port: number
  /** The session id in the browser's cookie. */
  id(): string
  cookie(): string
  stop(): Promise<void>
}

export async function startApp(
  routes: Record<string, Handle>,
  settings: Partial<session.SessionOptions> & { store: session.Store },
): Promise<Browsed> {
  const app = express()
  app.use(session({ secret: 'x', resave: false, saveUninitialized: false, ...settings }))
  for (const [path, handle] of Object.entries(routes)) app.get(path, handle)
  const failures: unknown[] = []
  const onError: express.ErrorRequestHandler = (error, _request, response, next) => {
    failures.push(error)
    if (response.headersSent) next(error)
    else response.status(500).send(String(error))
  }
  app.use(onError)
  app.set('env', 'test')
  const server = createServer(app)
  await listen(server)
  const { port } = server.address() as AddressInfo
  let cookie = ''
  return {
    failures,
    port,
    async get(path, init = {}) {
      const headers: Record<string, string> = cookie ? { cookie } : {}
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init })
      const setCookie = response.headers.get('set-cookie')
      if (setCookie) cookie = setCookie.split(';')[0] ?? ''
      return { status: response.status, text: await response.text(), setCookie }
    },
    id: () => decodeURIComponent(cookie.split('=')[1] ?? '').replace(/^s:([^.]+)\..*$/, '$1'),
    cookie: () => cookie,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
}
