import { describe, expect, it, vi } from 'vitest'
import { cookiesIn } from '../../../../runtime/adapters/fetch/rack-cookie.js'
import { withSessionHeaders } from '../../../../runtime/adapters/fetch/response.js'
import { addSessionHeaders, sessionHeaders } from '../../../../runtime/adapters/fetch/response-headers.js'

const WITH_COOKIE = sessionHeaders(true, true)

describe('the headers of a response', () => {
  it.each([
    [false, false, {}],
    [true, false, { Vary: 'Cookie' }],
    [true, true, { Vary: 'Cookie', 'Cache-Control': 'private, no-store' }],
    [false, true, { Vary: 'Cookie', 'Cache-Control': 'private, no-store' }],
  ])('depends on the session: %j, has a cookie: %j', (depends, hasCookie, headers) => {
    expect(sessionHeaders(depends, hasCookie)).toEqual(headers)
  })

  it.each([
    [undefined, 'Cookie'],
    ['', 'Cookie'],
    ['Accept-Encoding', 'Accept-Encoding, Cookie'],
    ['accept-encoding,COOKIE', 'accept-encoding,COOKIE'],
    ['X-Cookie', 'X-Cookie, Cookie'],
    ['*', '*'],
    ['Accept, *', 'Accept, *'],
  ])('Vary %j becomes %j', (own, merged) => {
    const headers = new Headers(own === undefined ? {} : { vary: own })
    addSessionHeaders(headers, sessionHeaders(true, false))
    expect(headers.get('vary')).toBe(merged)
    expect(headers.has('cache-control')).toBe(false)
  })

  it.each([
    ['no-store', false],
    ['private', false],
    ['Private, max-age=60', false],
    ['max-age=0,no-store', false],
    ['private="set-cookie"', false],
    ['max-age=60, no-cache="X-A, Set-Cookie"', false],
    ['public, max-age=60', true],
    ['max-age=60', true],
    ['no-cache', true],
    ['s-maxage=60', true],
    ['private="x-a"', true],
    ['x-private', true],
    ['private-ish', true],
  ])('Cache-Control %j stays, and lets shared caches store the cookie: %j', (own, isShared) => {
    const headers = new Headers({ 'cache-control': own })
    expect(addSessionHeaders(headers, WITH_COOKIE)).toBe(isShared ? own : undefined)
    expect(headers.get('cache-control')).toBe(own)
  })

  it('reports no Cache-Control of a response without a cookie, which Vary keeps apart', () => {
    const headers = new Headers({ 'cache-control': 'public' })
    expect(addSessionHeaders(headers, sessionHeaders(true, false))).toBeUndefined()
    expect(headers.get('vary')).toBe('Cookie')
  })
})

describe('a response with the session', () => {
  const add = (response: Response, method = 'GET') =>
    withSessionHeaders(response, method, 'session=x', WITH_COOKIE, addSessionHeaders)

  it('is the same object, if its headers can be changed', () => {
    const response = Object.assign(new Response('x', { headers: { 'set-cookie': 'a=1' } }), { own: true })
    expect(add(response)).toBe(response)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'session=x'])
    expect(response.headers.get('vary')).toBe('Cookie')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it('is a copy, if its headers can’t be changed', () => {
    const redirect = Response.redirect('http://example.com/', 303)
    const response = add(redirect)
    expect(response).not.toBe(redirect)
    expect([response.status, response.headers.get('location')]).toEqual([303, 'http://example.com/'])
    expect(response.headers.getSetCookie()).toEqual(['session=x'])
  })

  it('is a copy of a response of fetch, with its body', async () => {
    const fetched = await fetch('data:text/plain,abc')
    const response = add(fetched)
    expect(response).not.toBe(fetched)
    expect([response.status, await response.text()]).toEqual([200, 'abc'])
    expect(response.headers.getSetCookie()).toEqual(['session=x'])
  })

  it('is a copy without a body, because the application may send the same object to all users', () => {
    const constant = new Response(null, { status: 204, statusText: 'Nothing', headers: { 'x-a': '1' } })
    const response = add(constant)
    expect([response.status, response.statusText, response.headers.get('x-a')]).toEqual([204, 'Nothing', '1'])
    expect(response.headers.getSetCookie()).toEqual(['session=x'])
    expect([...constant.headers]).toEqual([['x-a', '1']])
  })

  it('is a copy for HEAD, because the body stays unread, and the same object may go to all users', async () => {
    const constant = new Response('x', { headers: { 'x-a': '1' } })
    for (const _ of [1, 2]) {
      const response = add(constant, 'HEAD')
      expect([response.headers.get('x-a'), response.headers.get('content-type')]).toEqual([
        ...['1', 'text/plain;charset=UTF-8'],
      ])
      expect(response.headers.getSetCookie()).toEqual(['session=x'])
    }
    expect(constant.headers.getSetCookie()).toEqual([])
    expect(await constant.text()).toBe('x')
  })

  it('is the same object without a cookie, and its body is not looked at, which takes time in @hono/node-server', () => {
    const response = new Response('x')
    const body = vi.spyOn(response, 'body', 'get')
    expect(withSessionHeaders(response, 'GET', undefined, { Vary: 'Cookie' }, addSessionHeaders)).toBe(response)
    expect(response.headers.get('vary')).toBe('Cookie')
    expect(body).not.toHaveBeenCalled()
  })

  it.each([
    ['Response.error()', Response.error()],
    ['status 101', Object.create(Response.prototype, { status: { value: 101 }, headers: { value: new Headers() } })],
  ])('is the same object without the session: %s', (_, response) => {
    expect(add(response)).toBe(response)
    expect([...response.headers]).toEqual([])
  })

  it('is the same object, if there is nothing to add', () => {
    const redirect = Response.redirect('http://example.com/', 302)
    expect(withSessionHeaders(redirect, 'GET', undefined, {}, addSessionHeaders)).toBe(redirect)
  })
})

describe('the cookies of a request', () => {
  it.each([
    [undefined, []],
    [null, []],
    ['', []],
    ['session', []],
    ['session=', []],
    ['session=a', ['a']],
    ['session=a; session=b; theme=x;session=a', ['a', 'b']],
    [' session = a ;session=%2D%2D', ['a', '--']],
    ['xsession=a; session2=b; Session=c', []],
    ['session=%; session=b', ['%', 'b']],
    ['session=a=b', ['a=b']],
    [';;; session=a;', ['a']],
    ['__proto__=a; session=b', ['b']],
  ])('%j has %j', (header, values) => {
    expect(cookiesIn(header, 'session')).toEqual(values)
  })

  it('may have the name of a member of Object', () => {
    expect(cookiesIn('a=b', 'constructor')).toEqual([])
    expect(cookiesIn('__proto__=b', '__proto__')).toEqual(['b'])
  })
})
