export { DynamoSessionStore } from './adapters/express.js'
