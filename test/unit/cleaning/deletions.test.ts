import { expect, it } from 'vitest'
import { Deletions } from '../../../runtime/cleaning/deletions.js'
import { CleaningRequests } from '../../../runtime/cleaning/requests.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { TableWork } from '../../../runtime/table/table-work.js'
import { FakeTransport } from '../../support/fake-transport.js'
import { until } from '../../support/until.js'

/** Deletions of a batch of two sessions. The test chooses the outcomes of the two statements. */
function deletionsOf(rate?: number) {
  const transport = new FakeTransport()
  const work = new TableWork(resolveConfiguration({}, {}), { transport } as never, {})
  const requests = new CleaningRequests(work, { rate, signal: new AbortController().signal })
  const deletions = new Deletions(work, requests, { deleted() {}, refreshed() {} }, rate)
  let sent = 0
  const answer = async (...codes: (string | undefined)[]) => {
    await until(() => transport.requests.length > sent)
    transport.requests[sent]?.answer({ Responses: codes.map((Code) => (Code ? { Error: { Code } } : {})) })
    sent += 1
  }
  const fail = async (name: string) => {
    await until(() => transport.requests.length > sent)
    transport.requests[sent]?.fail(Object.assign(new Error('too fast'), { name }))
    sent += 1
  }
  const remove = () => deletions.delete(['a', 'b'].map((id) => ({ session_id: { S: id } })))
  return { deletions, remove, answer, fail }
}

it('sends one more batch at once after each success, up to six', async () => {
  const { deletions, remove, answer } = deletionsOf()
  const widths = [deletions.width]
  for (let batch = 0; batch < 7; batch += 1) {
    const done = remove()
    await answer(undefined, 'ConditionalCheckFailed')
    await done
    widths.push(deletions.width)
  }
  expect(widths).toEqual([1, 2, 3, 4, 5, 6, 6, 6])
})

it('goes back to one batch when DynamoDB throttles', async () => {
  const { deletions, remove, answer } = deletionsOf()
  for (const code of [undefined, 'ThrottlingError']) {
    const done = remove()
    await answer(undefined, code)
    if (code) {
      await until(() => deletions.width === 1)
      await answer(undefined)
    }
    await done
  }
  expect(deletions.width).toBe(2)
})

it('goes back to one batch when DynamoDB throttles a whole batch', async () => {
  const { deletions, remove, answer, fail } = deletionsOf()
  const first = remove()
  await answer(undefined, undefined)
  await first
  expect(deletions.width).toBe(2)
  const second = remove()
  await fail('ThrottlingException')
  await until(() => deletions.width === 1)
  await answer(undefined, undefined)
  await second
  expect(deletions.width).toBe(2)
})

it('sends one batch at a time with a rate', async () => {
  const { deletions, remove, answer } = deletionsOf(1000)
  const done = remove()
  await answer(undefined, undefined)
  await done
  expect(deletions.width).toBe(1)
})
