import { expect, it } from 'vitest'
import { inChromium } from './support/in-chromium.js'

const signIn = { name: 'ada', password: 'milk in first' }

inChromium(
  'examples/express-shop with sessions of four seconds',
  { name: 'express-shop', env: { AWS_DYNAMO_DB_SESSION_MAX_STALE: '4' } },
  (opened) => {
    it('keeps a session while it is used, and ends it afterwards', async () => {
      const { browser, example } = opened()
      const page = await browser.newPage({ baseURL: example.url })
      await page.goto('/sign-in')
      await page.getByLabel('Name').fill(signIn.name)
      await page.getByLabel('Password').fill(signIn.password)
      await page.getByRole('main').getByRole('button').click()
      await page.waitForURL('/')
      const link = page.getByRole('link', { name: 'Account' })
      for (let visit = 0; visit < 3; visit++) {
        await page.waitForTimeout(1_500)
        await page.reload()
        expect(await link.isVisible()).toBe(true)
      }
      await page.waitForTimeout(4_100)
      await page.reload()
      expect(await link.isVisible()).toBe(false)
      expect(await page.getByRole('link', { name: 'Sign in' }).isVisible()).toBe(true)
    })
  },
)

inChromium(
  'examples/express-shop in production',
  { name: 'express-shop', env: { NODE_ENV: 'production', SESSION_SECRET: 'x'.repeat(44) } },
  (opened) => {
    /** Asks a server as a balancer that ends TLS does. */
    const post = (protocol: string) =>
      fetch(`http://127.0.0.1:${opened().example.port + 1}/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'x-forwarded-proto': protocol },
        body: new URLSearchParams(signIn),
      })

    it('sends the cookie with __Host- and Secure, and only over https', async () => {
      const [cookie] = (await post('https')).headers.getSetCookie()
      expect(cookie).toMatch(/^__Host-session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/)
      expect((await post('http')).headers.getSetCookie()).toEqual([])
    })
  },
)
