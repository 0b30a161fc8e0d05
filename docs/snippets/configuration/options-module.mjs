import { DynamoSessionStore } from 'dynamo-session-store/express'
import options from './session-options.mjs'

export const store = new DynamoSessionStore(options)
