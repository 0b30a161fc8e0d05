import assert from 'node:assert/strict'
import { after, afterEach, before, mock, test } from 'node:test'
import { startTestApp } from '../support.js'

/** @type {Awaited<ReturnType<typeof startTestApp>>} */
let app

before(async () => {
  app = await startTestApp()
})
afterEach(() => app.store.clear())
after(() => app.stop())

test('a user stays signed in', async () => {
  await app.browser.post('/sign-in')
  assert.equal(await app.browser.get('/'), 'hello ada')
})

test('a session expires an hour after its last use', async () => {
  await app.browser.post('/sign-in')
  const later = Date.now() + 3_601_000
  const now = mock.method(Date, 'now', () => later)
  const page = await app.browser.get('/')
  now.mock.restore()
  assert.equal(page, 'hello nobody')
})
