import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { createTable } from '../../../../runtime/index.js'
import { anyEngine } from '../../../support/engines.js'
import { type Handle, startApp } from '../../../support/express-app.js'
import { readItem } from '../../../support/table.js'

const engine = anyEngine()
const options = { ...engine.options(), locking: 'pessimistic', lockExpiryTime: 60_000 } as const
beforeAll(() => createTable({ ...options, ttl: false }))

const SIGNED_IN = '{"user":"ada"}'

/** What is stored after a request that changed the session and threw an error. */
async function storedAfter(route: Handle) {
  const app = await startApp(
    {
      '/in': (request, response) => {
        Object.assign(request.session, { user: 'ada' })
        response.send('in')
      },
      '/throw': async (request, response, next) => {
        Object.assign(request.session, { thrown: true })
        return route(request, response, next)
      },
    },
    { store: new DynamoSessionStore({ ...options, maxStale: 3600 }) },
  )
  onTestFinished(() => app.stop())
  await app.get('/in')
  await app.get('/throw').catch(() => undefined)
  const item = async () => readItem(engine.client(), options.tableName, app.id())
  await expect.poll(async () => Object.keys((await item()) ?? {})).not.toContain('locked_at')
  return (await item())?.data?.S
}

it('an Express handler that throws leaves its changes in the session, without the lock', async () => {
  const stored = await storedAfter(() => {
    throw new Error('thrown by the handler')
  })
  expect(stored).toBe('{"user":"ada","thrown":true}')
})

it('an Express handler that throws within its response stores nothing, and keeps no lock', async () => {
  const stored = await storedAfter((_request, response) => {
    response.write('begun')
    throw new Error('thrown by the handler')
  })
  expect(stored).toBe(SIGNED_IN)
})

it('a reload before the response of an error drops the changes of an Express handler', async () => {
  const stored = await storedAfter((request, _response, next) => {
    request.session.reload(() => next(new Error('thrown by the handler')))
  })
  expect(stored).toBe(SIGNED_IN)
})
