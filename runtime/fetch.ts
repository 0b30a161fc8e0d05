export {
  createSessionManager,
  type LoadedSession,
  type RequestFacts,
  type SessionHandler,
  type SessionManager,
  type UsedSession,
} from './adapters/fetch/manager.js'
export type { ManagerOptions, SessionOptions } from './adapters/fetch/rack-options.js'
export type { HeaderTarget, SessionHeaders } from './adapters/fetch/response-headers.js'
export { createSessionStorage } from './adapters/fetch/storage.js'
export type { DynamoSessionStorage } from './adapters/fetch/types.js'
