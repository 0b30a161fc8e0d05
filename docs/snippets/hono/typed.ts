import { createSessionManager } from 'dynamo-session-store/fetch'
// #region variables
import { dynamoSession, type SessionVariables } from 'dynamo-session-store/hono'
import { Hono } from 'hono'

const app = new Hono<{ Variables: SessionVariables<{ user: string }> }>()
// #endregion variables
app.use(dynamoSession(createSessionManager<{ user: string }>()))
app.get('/', (c) => c.text(c.get('session').get('user') ?? 'nobody'))
