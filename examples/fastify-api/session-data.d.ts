import '@fastify/session'

declare module 'fastify' {
  /** What a session holds: add your keys. */
  interface Session {
    user?: string
    notes?: string[]
  }

  interface FastifyRequest {
    /** The signed-in user. Only routes for signed-in users have this property. */
    user: string
  }
}
