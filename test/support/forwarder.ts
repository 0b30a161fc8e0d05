import { expect } from 'vitest'
import { type Item, successorOf } from '../../runtime/session/item/session-record.js'
import { type KeyOptions, storedKey } from './stored-key.js'

/**
 * The expected forwarder under the old id of a session, for `toEqual`.
 *
 * @param successor the new id; not given: any
 */
export function forwarderTo(successor?: string, options?: KeyOptions) {
  return {
    session_id: { S: expect.any(String) },
    successor: { S: successor === undefined ? expect.any(String) : storedKey(successor, options) },
    data: { S: '{}' },
    updated_at: { S: expect.stringMatching(/^\d{10}\.\d{15}$/) },
    expire_at: { N: expect.stringMatching(/^\d{10}$/) },
  }
}

/** There is no item, or a forwarder. */
export function expectNoSession(item: Item | undefined): void {
  expect(item && successorOf(item) === undefined ? item : undefined).toBeUndefined()
}
