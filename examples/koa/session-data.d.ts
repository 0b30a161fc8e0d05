import type { SessionContext } from 'dynamo-session-store/koa'

/** What a session holds: add your keys. */
interface SessionData {
  user?: string
  /** Time as an ISO text. */
  signedInAt?: string
}

declare module 'koa' {
  interface ExtendableContext extends SessionContext<SessionData> {}
}
