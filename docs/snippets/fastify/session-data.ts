import 'fastify'

// #region declare
declare module 'fastify' {
  interface Session {
    user?: string
  }
}
// #endregion declare
