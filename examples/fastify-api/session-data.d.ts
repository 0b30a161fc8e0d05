import '@fastify/session'

declare module 'fastify' {
  /** What a session holds: add your keys. */
  interface Session {
    user?: string
    notes?: string[]
  }

  interface FastifyRequest {
    /** The user who is signed in. Only routes that need one have it. */
    user: string
  }
}
