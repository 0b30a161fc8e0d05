import session from 'express-session'
import { expect, test } from 'vitest'
import { createApp } from '../app.js'
import { startBrowser } from '../support.js'

test('a user stays signed in', async () => {
  const browser = await startBrowser(createApp(new session.MemoryStore()))
  await browser.post('/sign-in')
  expect(await browser.get('/')).toBe('hello ada')
  await browser.stop()
})
