import { PassThrough } from 'node:stream'
import Koa from 'koa'
import { sessions } from './session.js'

const app = new Koa()
// #region proxy
app.proxy = true
// #endregion proxy

// #region errors
app.use(async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    ctx.app.emit('error', error, ctx)
    ctx.status = 500
    ctx.body = 'Please try again.'
  }
})
app.use(sessions(app))
// #endregion errors

app.use(async (ctx) => {
  switch (`${ctx.method} ${ctx.path}`) {
    case 'GET /':
      ctx.body = `hello ${ctx.session.user ?? 'nobody'}`
      break
    case 'POST /sign-in':
      await ctx.session.regenerate()
      ctx.session.user = 'ada'
      ctx.redirect('/')
      break
    case 'POST /remember-me':
      // #region lifetime
      ctx.session.maxAge = 90 * 24 * 3600 * 1000
      // #endregion lifetime
      ctx.body = 'this session lasts 90 days'
      break
    case 'POST /forget-me':
      // #region browser
      ctx.session.maxAge = 'session'
      // #endregion browser
      ctx.body = 'the cookie ends with the browser'
      break
    case 'POST /too-large':
      ctx.session.user = 'ada'.repeat(200_000)
      ctx.body = 'not sent'
      break
    case 'GET /events': {
      // #region stream
      const stream = new PassThrough()
      await ctx.session.save()
      ctx.type = 'text/event-stream'
      ctx.body = stream
      // #endregion stream
      stream.end('data: hello\n\n')
    }
  }
})

app.listen(process.env.PORT ?? 3000)
