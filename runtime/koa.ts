export { DynamoSessionStore } from './adapters/koa/store.js'
export type { KoaSession, SessionContext } from './adapters/koa/types.js'
