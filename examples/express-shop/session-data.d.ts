/** What a session holds: an editor completes `req.session.views`. */
declare module 'express-session' {
  interface SessionData {
    views?: number
  }
}

export {}
