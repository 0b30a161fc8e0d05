import Koa from 'koa'
import { sessions } from './session.js'

const app = new Koa()
app.use(sessions(app))

app.use(async (ctx) => {
  switch (`${ctx.method} ${ctx.path}`) {
    case 'GET /':
      ctx.body = `hello ${ctx.session.user ?? 'nobody'}`
      break
    case 'POST /sign-in':
      // Check the user's password first.
      await ctx.session.regenerate()
      ctx.session.user = 'ada'
      ctx.body = 'signed in as ada'
      break
    case 'POST /sign-out':
      ctx.session = null
      ctx.body = 'signed out'
  }
})

app.listen(process.env.PORT ?? 3000)
