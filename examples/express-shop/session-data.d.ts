/** What a session holds: an editor completes `req.session.cart`. */
declare module 'express-session' {
  interface SessionData {
    user_id?: string
    /** Number of pieces, by the id of the product. */
    cart?: Record<string, number>
  }
}

export {}
