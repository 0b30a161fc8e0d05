import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { Options } from '../../../runtime/index.js'
import { FakeTransport } from '../../support/fake-transport.js'
import { withFreshWarnings } from '../../support/process-warnings.js'

describe('a session that is stored', () => {
  async function store(options: Options, extras: { ownEnd?: number } = {}) {
    const { module, warnings } = await withFreshWarnings(() => import('../../../runtime/session/session-repository.js'))
    const transport = new FakeTransport()
    const repository = new module.SessionRepository(resolveConfiguration(options, {}), {
      transport,
    })
    for (const id of ['a', 'b']) void repository.create(id, { user: 'ada' }, extras)
    await new Promise((resolve) => setImmediate(resolve))
    expect(transport.requests).toHaveLength(2)
    return warnings
  }

  it('without any lifetime causes one warning, because a lifetime may be missing by accident', async () => {
    expect(await store({ tableName: 'visits' })).toEqual([
      {
        code: 'DYNAMO_SESSION_STORE_LIFETIME',
        text: expect.stringMatching(/never expires.*max_stale: 1209600 \(14 days\)/),
      },
    ])
  })

  it.each<[string, Options, { ownEnd?: number }]>([
    ['max_stale', { maxStale: 60 }, {}],
    ['max_age', { maxAge: 60 }, {}],
    ['a lifetime of its cookie', {}, { ownEnd: Date.now() + 60_000 }],
  ])('with %s leads to no warning', async (_, options, extras) => {
    expect(await store(options, extras)).toEqual([])
  })
})
