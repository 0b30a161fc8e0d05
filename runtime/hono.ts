export { dynamoSession, type SessionVariables } from './adapters/hono.js'
