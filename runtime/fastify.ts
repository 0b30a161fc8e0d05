export { type DynamoSessionOptions, dynamoSession } from './adapters/fastify.js'
export { DynamoSessionStore } from './adapters/fastify-store.js'
