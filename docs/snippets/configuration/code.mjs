import { DynamoSessionStore } from 'dynamo-session-store/express'

export const store = new DynamoSessionStore({ tableName: 'visits', maxStale: 3600 })
