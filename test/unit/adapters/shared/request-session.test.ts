import { expect, it } from 'vitest'
import { RequestSession } from '../../../../runtime/adapters/shared/request-session.js'
import { LockLostError } from '../../../../runtime/errors.js'
import type { SessionRecord } from '../../../../runtime/session/item/session-record.js'

it('reports a failure of a touch in the background as it is, and does not reject', async () => {
  const throttled = new Error('slow down')
  const reported: unknown[] = []
  const store = {
    repository: { touch: () => Promise.reject(throttled), isTouchDue: () => true },
    // The error handler of the application throws.
    survive: () => {
      throw new Error('the error tracker is down')
    },
    report: (error: unknown) => void reported.push(error),
  } as unknown as ConstructorParameters<typeof RequestSession>[0]
  const session = new RequestSession(store, { kind: 'loaded', record: { id: 'a' } as SessionRecord })
  await session.touchInBackground(() => ({}))
  expect(reported).toEqual([throttled])
})

it('sends no request to unlock a session after a save that found the lock with another request', async () => {
  let unlocked = 0
  const store = {
    repository: {
      update: () => Promise.reject(new LockLostError('lost', false)),
      release: async (record: SessionRecord) => {
        unlocked += 1
        return { ...record, token: undefined }
      },
    },
    describe: async () => undefined,
  } as unknown as ConstructorParameters<typeof RequestSession>[0]
  const record = { id: 'a', json: '{"views":1}', base: '{"views":1}', token: 'mine' } as SessionRecord
  const lost = new RequestSession(store, { kind: 'loaded', record })
  await expect(lost.saveOrTouch('a', { views: 2 }, () => ({}))).rejects.toThrow(LockLostError)
  await lost.release()
  expect(lost.record?.token).toBeUndefined()
  expect(unlocked).toBe(0)
  await new RequestSession(store, { kind: 'loaded', record }).release()
  expect(unlocked).toBe(1)
})
