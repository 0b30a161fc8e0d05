import { describe, expect, it } from 'vitest'
import { createSessionManager, type ManagerOptions, type SessionHandler } from '../../../../runtime/fetch.js'
import { anyEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'

type Handler = SessionHandler<unknown, Record<string, unknown>, Record<string, unknown>>

describe('use, in a program that stops as soon as it has responded,', () => {
  const table = fetchTable(anyEngine())
  const { item, reported } = table

  /** Stores a session. The release of its lock then takes a while. */
  async function signedIn(options: ManagerOptions = {}) {
    const locking = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const
    const manager = createSessionManager({
      ...table.options(),
      secretKey: 'a secret of thirty-two characters or more',
      ...locking,
      ...options,
    })
    const { setCookie = '' } = await manager.use(null, (session) => session.set('user', 'ada'))
    const cookie = setCookie.split(';')[0] ?? ''
    table.proxy.inject('UpdateItem', { delay: 80 }, { after: 1 })
    return { manager, cookie, id: cookie.slice('session='.length) }
  }

  const isLocked = async (id: string) => (await item(id))?.locked_at !== undefined

  const isLockedMeanwhile = (id: string, handler: Handler): Handler => {
    return async (session, options) => {
      expect(await isLocked(id)).toBe(true)
      return handler(session, options)
    }
  }

  it('has released the lock after skip', async () => {
    const { manager, cookie, id } = await signedIn()
    await manager.use(
      cookie,
      isLockedMeanwhile(id, (_session, options) => {
        options.skip = true
      }),
    )
    expect(await isLocked(id)).toBe(false)
  })

  it('has released the lock when the cookie is secure, and the request is not', async () => {
    const { manager, cookie, id } = await signedIn()
    const setSecure: Handler = (_session, options) => {
      options.secure = true
    }
    await manager.use(cookie, isLockedMeanwhile(id, setSecure), { secure: false })
    expect(await isLocked(id)).toBe(false)
  })

  it('has released the lock when an option was set to an impossible value', async () => {
    const { manager, cookie, id } = await signedIn()
    const use = manager.use(
      cookie,
      isLockedMeanwhile(id, (_session, options) => {
        options.expireAfter = -1
      }),
    )
    await expect(use).rejects.toThrow('expireAfter')
    expect(await isLocked(id)).toBe(false)
  })

  it('has released the lock when the session could not be stored', async () => {
    const { manager, cookie, id } = await signedIn()
    const use = manager.use(
      cookie,
      isLockedMeanwhile(id, (session) => session.set('large', 'x'.repeat(500_000))),
    )
    await expect(use).rejects.toThrow(expect.objectContaining({ name: 'SessionTooLargeError' }))
    expect(await isLocked(id)).toBe(false)
    expect(reported).toEqual([])
  })

  it('has released the lock of an expired session before the handler gets a new session', async () => {
    const { manager, cookie, id } = await signedIn()
    const cookieSettings = { originalMaxAge: 1000, expires: new Date(Date.now() - 60_000) }
    const before = table.proxy.operations.length
    await table.change(id, { cookie: { S: JSON.stringify(cookieSettings) } })
    const { result } = await manager.use(cookie, async (session) => [await isLocked(id), session.get('user')])
    expect(result).toEqual([false, undefined])
    expect(table.proxy.operations.slice(before)).toEqual(['UpdateItem', 'UpdateItem'])
  })
})
