// #region imports
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { startTestApp } from '../support.js'

/** @type {Awaited<ReturnType<typeof startTestApp>>} */
let app
// #endregion imports

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => app.store.clear())
afterAll(() => app.stop())

test('a user stays signed in', async () => {
  await app.browser.post('/sign-in')
  expect(await app.browser.get('/')).toBe('hello ada')
})

test('a session expires an hour after its last use', async () => {
  await app.browser.post('/sign-in')
  const later = Date.now() + 3_601_000
  const now = jest.spyOn(Date, 'now').mockReturnValue(later)
  const page = await app.browser.get('/')
  now.mockRestore()
  expect(page).toBe('hello nobody')
})
