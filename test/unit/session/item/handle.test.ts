import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { fitForOutput } from '../../../../runtime/fit-for-output.js'
import { handleOf } from '../../../../runtime/session/item/handle.js'
import { hashSessionId } from '../../../../runtime/session/item/session-id.js'
import { isPossibleKey, keyOf } from '../../../../runtime/session/item/session-key.js'

it('a handle is the SHA-256 of the stored key in a domain of its own, and no part of the key', () => {
  const key = keyOf('id', { keyPrefix: 'shop:', hashSessionIds: true })
  const digest = createHash('sha256').update(`dynamo-session-store handle\n${key}`).digest('base64url')
  expect(handleOf(key)).toBe(digest.replaceAll('-', '_'))
  expect(key).not.toContain(handleOf(key))
  expect(handleOf(key)).not.toBe(handleOf(keyOf('id', { hashSessionIds: true })))
})

it('a handle can be an id, but never the id or the key of its session', () => {
  for (const hashSessionIds of [true, false]) {
    const key = keyOf('id', { hashSessionIds })
    const handle = handleOf(key)
    expect(isPossibleKey(handle, {})).toBe(true)
    expect(keyOf(handle, { hashSessionIds })).not.toBe(key)
    expect(hashSessionId(handle)).not.toBe(hashSessionId(key))
  }
})

it('a handle is not redacted in output', () => {
  const handles = Array.from({ length: 5000 }, (_, number) => handleOf(`sha256:${number}`))
  expect(handles.filter((handle) => fitForOutput(handle) !== handle)).toEqual([])
})
