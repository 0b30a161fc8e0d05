export { type DynamoSessionOptions, dynamoSession } from './adapters/fastify/plugin.js'
export { DynamoSessionStore } from './adapters/fastify/store.js'
