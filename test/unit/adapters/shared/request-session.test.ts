import { expect, it } from 'vitest'
import { RequestSession } from '../../../../runtime/adapters/shared/request-session.js'
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
