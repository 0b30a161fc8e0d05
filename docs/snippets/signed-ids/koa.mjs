import { DynamoSessionStore } from 'dynamo-session-store/koa'
import Koa from 'koa'
import session from 'koa-session'

const app = new Koa()
// #region store
const secret = process.env.SESSION_SECRET ?? ''
const store = new DynamoSessionStore({ secretKey: secret })
app.keys = [secret]
app.use(session({ store, genid: store.genid }, app))
// #endregion store
app.use((ctx) => {
  if (ctx.method === 'POST') ctx.session.user = 'ada'
  ctx.body = ctx.method === 'POST' ? ctx.session.externalKey : `hello ${ctx.session.user ?? 'nobody'}`
})
app.listen(process.env.PORT ?? 3000)
