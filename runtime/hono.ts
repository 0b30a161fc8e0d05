export { dynamoSession, type SessionVariables } from './adapters/hono/middleware.js'
