// #region declare
import type { SessionContext } from 'dynamo-session-store/koa'

declare module 'koa' {
  interface ExtendableContext extends SessionContext<{ user?: string }> {}
}
// #endregion declare
