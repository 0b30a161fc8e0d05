import session, { type Cookie } from 'express-session'
import { describe, expect, it } from 'vitest'
import { parseCookie } from '../../../../runtime/adapters/shared/cookie-settings.js'

const USUAL = {
  originalMaxAge: 60_000,
  expires: '2033-05-18T03:33:20.000Z',
  path: '/shop',
  domain: '.example.com',
  sameSite: 'lax',
  priority: 'high',
  secure: true,
  httpOnly: false,
  partitioned: true,
}

/** Values of wrong types, and values of right types that no cookie can have. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  originalMaxAge: ['60000', true, {}, [], 1e300, 8e14, -2e13],
  maxAge: ['60000', true, {}, 8e14],
  expires: [true, {}, [], 'tomorrow', '', 1e300, 4e14, '+010000-01-01T00:00:00.000Z', '1600-12-31T00:00:00.000Z'],
  path: [7, true, {}, null, '/a;b', '/a\r\nSet-Cookie: x=y', '/é'],
  domain: [7, {}, null, 'a b', 'example.com; x', '-', 'ex\nample', `${'a'.repeat(64)}.example`],
  sameSite: [1, {}, null, 'later', ''],
  priority: [1, {}, null, 'urgent'],
  secure: ['auto', 1, null, {}],
  httpOnly: ['no', 0, null, {}],
  partitioned: ['yes', 1, null],
  unknown: ['x'],
  encode: ['x'],
  data: [{ path: 7 }],
  ['__proto__']: [{ path: '/other' }],
}

describe('a stored cookie', () => {
  it('is read completely when every member is valid', () => {
    expect(parseCookie(JSON.stringify(USUAL))).toEqual(USUAL)
    const forBrowser = { originalMaxAge: null, expires: null, path: '/', httpOnly: true, sameSite: true }
    expect(parseCookie(JSON.stringify(forBrowser))).toEqual(forBrowser)
  })

  it.each(Object.entries(WRONG).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    'is read without a member %s that is %j',
    (name, value) => {
      const { [name as 'path']: _, ...others } = USUAL
      const stored = `{${[...Object.entries(others), [name, value]].map(([key, of]) => `${JSON.stringify(key)}:${JSON.stringify(of)}`).join()}}`
      const cookie = parseCookie(stored)
      expect(cookie).toEqual(others)
      expect(Object.getPrototypeOf(cookie)).toBe(Object.prototype)
      expect(sentByExpress(cookie)).toMatch(/^sid=x; /)
    },
  )

  it('may have its end in milliseconds', () => {
    expect(parseCookie('{"expires":2000000000000}')).toEqual({ expires: '2033-05-18T03:33:20.000Z' })
  })

  it('that is nested deeply is read without the nested value', () => {
    const deep = `{"path":"/","domain":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(parseCookie(deep)).toEqual({ path: '/' })
  })
})

/** The header that express-session makes of a cookie at the end of a request. */
function sentByExpress(cookie: unknown): string {
  const store = new session.MemoryStore()
  const request = { sessionStore: store } as unknown as Parameters<typeof store.createSession>[0]
  const created = store.createSession(request, { cookie } as unknown as session.SessionData)
  created.touch()
  return (created.cookie as Cookie & { serialize(name: string, value: string): string }).serialize('sid', 'x')
}
