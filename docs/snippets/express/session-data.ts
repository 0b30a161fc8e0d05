import 'express-session'

// #region declare
declare module 'express-session' {
  interface SessionData {
    user?: string
  }
}
// #endregion declare
