export {
  createSessionManager,
  type LoadedSession,
  type RequestFacts,
  type SessionHandler,
  type SessionManager,
} from './adapters/fetch/manager.js'
export type { ManagerOptions, SessionOptions } from './adapters/fetch/rack-options.js'
export { createSessionStorage, type DynamoSessionStorage } from './adapters/fetch/storage.js'
