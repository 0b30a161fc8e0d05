import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import { helloPage, signInPage } from './pages.js'
import { sessions } from './session.js'

const app = new Koa()
const router = new Router()

router.get('/', (ctx) => {
  const { user, signedInAt } = ctx.session
  ctx.body = user && signedInAt ? helloPage(user, signedInAt) : signInPage()
})

router.post('/sign-in', async (ctx) => {
  const user = nameIn(ctx.request.body)
  if (user === undefined) {
    ctx.status = 400
    ctx.body = signInPage('Enter a name of at most 50 characters.')
    return
  }
  // Check a password here: examples/express-shop shows how.
  await ctx.session.regenerate() // A new id, so that nobody who knew the old one is signed in.
  ctx.session.user = user
  ctx.session.signedInAt = new Date().toISOString()
  seeOther(ctx, '/')
})

router.post('/sign-out', (ctx) => {
  ctx.session = null
  seeOther(ctx, '/')
})

/**
 * The name in the form, or undefined if it is missing or too long.
 *
 * @param {any} form
 */
function nameIn(form) {
  const name = String(form?.user ?? '').trim()
  return name !== '' && name.length <= 50 ? name : undefined
}

/** The browser then asks for this page. Reloading the page does not send the form again. */
function seeOther(ctx, path) {
  ctx.status = 303
  ctx.redirect(path)
}

app.use(async (ctx, next) => {
  await next()
  ctx.set('Cache-Control', 'no-store') // The pages are for one user. After the sign-out, "back" shows none of them.
})
app.use(sessions(app))
app.use(bodyParser({ enableTypes: ['form'] }))
app.use(router.routes())
app.use(router.allowedMethods())

const port = Number(process.env.PORT ?? 3300)
app.listen(port, () => console.log(`http://localhost:${port}`))
