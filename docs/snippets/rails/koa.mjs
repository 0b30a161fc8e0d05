import { DynamoSessionStore } from 'dynamo-session-store/koa'
import Koa from 'koa'
import session from 'koa-session'

const app = new Koa({ proxy: true })
const store = new DynamoSessionStore()
const secure = process.env.NODE_ENV === 'production'
const cookie = { key: '_session_id', signed: false, secure, sameSite: 'lax' }
app.use(session({ store, genid: store.genid, maxAge: 'session', ...cookie }, app))
app.use((ctx) => {
  if (ctx.method === 'GET') ctx.body = `user ${ctx.session.user_id ?? 'nobody'}`
  else if (ctx.path === '/cart') {
    ctx.session.cart = ['a book']
    ctx.body = 'in the cart'
  } else if (ctx.path === '/sign-out') {
    ctx.session = null
    ctx.body = 'signed out'
  }
})
app.listen(process.env.PORT ?? 3000)
