import { createServer } from 'node:http'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { envName } from '../../../runtime/configuration/option-table.js'
import { createTable } from '../../../runtime/index.js'
import { Browser } from '../../support/adapters/browser.js'
import { listen, stop } from '../../support/adapters/listen.js'
import { anyEngine } from '../../support/engines.js'
import { environmentWith } from '../../support/folder.js'

const PASSWORD = 'password=correct+horse+battery+staple'

const options = anyEngine().options()
beforeAll(() => createTable({ ...options, indexKeys: ['user_id'], ttl: false }))

it('docs/sign-out-everywhere.md shows a page on which users see and end their sessions', async () => {
  environmentWith({
    [envName('endpoint')]: options.endpoint,
    [envName('region')]: options.region,
    [envName('tableName')]: options.tableName,
    [envName('maxStale')]: '3600',
    SESSION_SECRET: 'a secret of thirty-two characters or more',
  })
  const { app, store } = await import('../../../docs/snippets/sign-out-everywhere/devices.mjs' as string)
  const server = createServer(app)
  const port = await listen(server)
  onTestFinished(() => stop(server))
  onTestFinished(() => store.close())
  const post = async (browser: Browser, path: string, body = '') => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': browser.userAgent }
    return browser.get(path, { method: 'POST', headers: { ...headers, ...cookieOf(browser) }, body })
  }
  const cookieOf = (browser: Browser) => ({ cookie: `connect.sid=${encodeURIComponent(browser.value)}` })
  const signIn = async (userAgent: string) => {
    const browser = Object.assign(new Browser({ port }, 'connect.sid'), { userAgent })
    await post(browser, '/sign-in')
    return browser
  }
  const list = async (browser: Browser) => JSON.parse((await browser.get('/devices')).text)

  const laptop = await signIn('laptop')
  const phone = await signIn('phone')
  const tablet = await signIn('tablet')
  expect((await new Browser({ port }, 'connect.sid').get('/devices')).status).toBe(401)
  await expect.poll(async () => (await list(laptop)).length).toBe(3)
  const sessions = await list(laptop)
  expect(sessions.filter(({ current }: { current: boolean }) => current)).toEqual([
    {
      handle: expect.stringMatching(/^\w{43}$/),
      ...{ createdAt: expect.any(String), lastSeenAt: expect.any(String), expiresAt: expect.any(String) },
      ...{ current: true, userAgent: 'laptop', address: expect.stringContaining('127.0.0.1') },
    },
  ])

  const handle = sessions.find(({ userAgent }: { userAgent: string }) => userAgent === 'phone').handle
  expect(await post(laptop, '/devices/end', `handle=${handle}`)).toMatchObject({ status: 403 })
  expect(await laptop.get('/devices/end', { method: 'POST', headers: cookieOf(laptop) })).toMatchObject({ status: 403 })
  expect((await post(laptop, '/devices/end', `handle=${handle}&${PASSWORD}`)).text).toBe('ended')
  expect((await post(laptop, '/devices/end', `handle=${handle}&${PASSWORD}`)).text).toContain('not found')
  expect((await phone.get('/devices')).status).toBe(401)

  const exported = await laptop.get('/devices/export')
  expect(JSON.parse(exported.text)).toMatchObject([{ data: { user_id: 42 } }, { data: { user_id: 42 } }])
  const [id = ''] = laptop.value.slice(2).split('.')
  expect(exported.text).not.toContain(id)

  expect((await post(laptop, '/devices/end-others', PASSWORD)).text).toBe('1 ended')
  expect((await tablet.get('/devices')).status).toBe(401)
  expect(await list(laptop)).toHaveLength(1)

  const before = laptop.value
  const desk = await signIn('desk')
  await vi.waitFor(async () => expect(await list(laptop)).toHaveLength(2))
  expect((await post(laptop, '/change-password', PASSWORD)).text).toBe('password changed')
  expect(laptop.value).not.toBe(before)
  expect((await desk.get('/devices')).status).toBe(401)
  await vi.waitFor(async () => expect(await list(laptop)).toHaveLength(1))

  for (let number = 1; number <= 5; number += 1) {
    await vi.waitFor(async () => expect(await list(laptop)).toHaveLength(number))
    await signIn(`device ${number}`)
  }
  expect((await laptop.get('/devices')).status).toBe(401)
  const last = await signIn('last')
  await import('../../../docs/snippets/sign-out-everywhere/sign-out-all.mjs' as string)
  expect((await last.get('/devices')).status).toBe(401)
})
