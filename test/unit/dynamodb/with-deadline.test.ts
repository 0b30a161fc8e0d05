import { expect, it } from 'vitest'
import { withDeadline } from '../../../runtime/dynamodb/with-deadline.js'

it('rejects at once, with an aborted signal for the work, when the caller has aborted before', async () => {
  const limits = {
    milliseconds: 60_000,
    tooLate: () => new Error('too late'),
    abortSignal: AbortSignal.abort('enough'),
  }
  let seen: AbortSignal | undefined
  const ended = withDeadline(limits, (signal) => {
    seen = signal
    return new Promise(() => {})
  })
  await expect(ended).rejects.toMatchObject({ name: 'AbortError', message: 'enough' })
  expect(seen?.aborted).toBe(true)
})
