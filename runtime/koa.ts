export { DynamoSessionStore } from './adapters/koa.js'
export type { KoaSession, SessionContext } from './adapters/koa-types.js'
