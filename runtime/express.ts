export { DynamoSessionStore } from './adapters/express/store.js'
