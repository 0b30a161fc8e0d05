import { expect, it, onTestFinished } from 'vitest'
import { startStub } from '../../support/dynamodb-stub.js'
import { expectNothingLeftBehind } from '../../support/many-requests.js'

it('the lean transport leaves nothing behind after 50000 requests, some of which fail', async () => {
  const stub = await startStub()
  onTestFinished(() => stub.stop())
  await expectNothingLeftBehind(stub, 50_000)
  expect(stub.connections).toBeLessThanOrEqual(200)
}, 300_000)
