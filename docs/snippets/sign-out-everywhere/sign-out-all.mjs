import { DynamoSessionStore } from 'dynamo-session-store/express'

const store = new DynamoSessionStore()
await store.clear()
await store.close()
