// What the programs in JavaScript keep in their sessions. TypeScript programs declare their sessions themselves.
import 'express-session'

declare module 'express-session' {
  interface SessionData {
    user?: string
    views?: number
  }
}
