// Types for the programs in JavaScript alone: what they keep in their sessions, and messages of channels, which
// @types/node leaves unknown. TypeScript programs declare these themselves.
import 'express-session'
import 'fastify'

declare module 'express-session' {
  interface SessionData {
    user?: string
    user_id?: number
    views?: number
  }
}

declare module 'fastify' {
  interface Session {
    user_id?: number
    cart?: string[]
  }
}

interface Message {
  readonly sessionIdHash: string
  readonly [member: string]: unknown
}

declare module 'diagnostics_channel' {
  function subscribe(
    name: 'dynamo-session-store:unread',
    onMessage: (message: Message & { error: Error }) => void,
  ): void
  function tracingChannel(name: 'dynamo-session-store:load'): {
    subscribe(subscribers: { asyncEnd(message: Message): void }): void
  }
}
