import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../../runtime/index.js'
import { STORES } from '../../../support/adapters/stores.js'
import { failureOf } from '../../../support/both-transports.js'
import { CREDENTIALS, type Stub, startStub } from '../../../support/dynamodb-stub.js'
import { until } from '../../../support/until.js'

const WORKER = join(import.meta.dirname, '../../../support/close-worker.ts')
const SEVERAL = Object.keys(STORES).length

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())

const reaching = (more: Options = {}): Options => ({
  endpoint: stub.endpoint,
  region: 'eu-central-1',
  credentials: CREDENTIALS,
  ...more,
})
const noSockets = () => vi.waitFor(() => expect(stub.sockets.size).toBe(0))

describe('a process that closes its stores', () => {
  it.each(['lean', 'sdk'] as const)(
    'has no connection and nothing else that keeps it alive (%s)',
    async (transport) => {
      const options = reaching({ transport, environment: 'none' })
      const worker = fork(WORKER, [JSON.stringify(options)], { execArgv: ['--no-warnings', '--import', 'tsx'] })
      onTestFinished(() => void worker.kill('SIGKILL'))
      const exit = once(worker, 'exit')
      const died = exit.then(([code]) => Promise.reject(new Error(`the process ended with code ${code}`)))
      const message = async () => (await Promise.race([once(worker, 'message'), died]))[0]
      expect(await message()).toBe('saved')
      expect([stub.requests.length, stub.sockets.size]).toEqual([SEVERAL, SEVERAL])
      worker.send('close')
      const resources: string[] = await message()
      await noSockets()
      // The channel to this test.
      expect(resources.filter((name) => name !== 'PipeWrap')).toEqual([])
      worker.send('end')
      expect(await exit).toEqual([0, null])
    },
  )
})

describe.each(Object.entries(STORES))('%s', (_, open) => {
  it('closes its connections, and opens another one for a later request', async () => {
    const store = open(reaching())
    for (let count = 1; count <= 2; count += 1) {
      await store.save()
      expect([stub.connections, stub.sockets.size]).toEqual([count, 1])
      await store.close()
      await noSockets()
    }
  })

  it('closes its connections at the end of an `await using` block', async () => {
    const store = open(reaching())
    await store.save()
    await store[Symbol.asyncDispose]()
    await noSockets()
  })

  it('may be closed before its first request, and twice', async () => {
    const store = open(reaching())
    await store.close()
    await store.close()
    expect(stub.connections).toBe(0)
  })

  it.each(['lean', 'sdk'] as const)('aborts a running request (%s)', async (transport) => {
    stub.answer(() => {})
    const store = open(reaching({ transport }))
    const failure = failureOf(store.save())
    await until(() => stub.requests.length === 1)
    await store.close()
    expect((await failure).name).toBe('AbortError')
    await noSockets()
    expect(stub.requests).toHaveLength(1)
  })

  it('leaves a client of the application open', async () => {
    const client = stub.client()
    onTestFinished(() => client.destroy())
    const store = open({ client })
    await store.save()
    await store.close()
    await store.save()
    expect([stub.requests.length, stub.connections, stub.sockets.size]).toEqual([2, 1, 1])
  })

  it('leaves a request handler of the application open', async () => {
    const requestHandler = new NodeHttpHandler()
    onTestFinished(() => requestHandler.destroy())
    const store = open(reaching({ requestHandler }))
    await store.save()
    await store.close()
    await store.save()
    expect([stub.requests.length, stub.connections, stub.sockets.size]).toEqual([2, 1, 1])
  })
})
