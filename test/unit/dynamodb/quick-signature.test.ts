import { sign } from 'aws4'
import { describe, expect, it } from 'vitest'
import { QuickSignature } from '../../../runtime/dynamodb/lean/quick-signature.js'
import { learnRoute } from '../../../runtime/dynamodb/lean/route.js'
import { CREDENTIALS, startStub } from '../../support/dynamodb-stub.js'

const SCOPE = { region: 'eu-central-1', service: 'dynamodb' }

describe('the quick signature', () => {
  it.each([
    ['plain values', {}, '{}'],
    ['spaces, tabs and commas in a header', { 'x-amz-user-agent': '  a   b,\t\tc ; d ' }, '{}'],
    ['unicode in the body', {}, '{"S":"Grüße \u{1f600}"}'],
    ['a header with nothing in it', { 'x-amz-odd': '' }, '{}'],
  ])('is that of another implementation: %s', (_, more, text) => {
    for (const sessionToken of [undefined, 'FwoGZXIvYXdzE+/=', 'a  b']) {
      const credentials = { ...CREDENTIALS, ...(sessionToken && { sessionToken }) }
      const same = {
        path: '/below/',
        headers: {
          host: 'dynamodb.eu-central-1.amazonaws.com',
          'content-type': 'a/b',
          'user-agent': 'unsigned',
          ...more,
        },
      }
      const quick = new QuickSignature(credentials, SCOPE, same, ['x-mark'])
      for (const now of [
        Date.UTC(2026, 10, 22, 23, 59, 59, 999),
        Date.UTC(2026, 10, 22, 23, 59, 59),
        Date.UTC(2026, 10, 23, 0, 0, 1),
      ]) {
        const signed = quick.sign(Buffer.from(text), { 'x-mark': `now=${now}` }, now)
        const { authorization, 'user-agent': _, ...rest } = signed
        const again = sign({ ...SCOPE, method: 'POST', path: same.path, headers: rest, body: text }, credentials)
        expect(authorization).toBe(again.headers?.Authorization)
        expect(signed).toMatchObject({
          'content-length': String(Buffer.byteLength(text)),
          'x-amz-date': new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, ''),
          'x-mark': `now=${now}`,
        })
        expect(signed['x-amz-security-token']).toBe(sessionToken)
      }
    }
  })

  it('serves the routes of a client that is as it was made', async () => {
    const stub = await startStub()
    const input = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }
    for (const credentials of [CREDENTIALS, { ...CREDENTIALS, sessionToken: 'T+/=' }]) {
      const client = stub.client({ credentials })
      expect(await learnRoute(client, 'GetItem', input)).toMatchObject({ quick: expect.any(QuickSignature) })
      client.destroy()
    }
    await stub.stop()
  })

  it('is not used where the application signs in a way of its own, or does not want its clock corrected', async () => {
    const stub = await startStub()
    const input = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }
    const signer = {
      sign: async (request: { headers: object }) => ({
        ...request,
        headers: { ...request.headers, authorization: 'mine' },
      }),
    }
    for (const config of [{ signer }, { disableClockSkewCorrection: async () => true }]) {
      const client = stub.client(config as never)
      expect(await learnRoute(client, 'GetItem', input)).toMatchObject({ quick: undefined })
      client.destroy()
    }
    await stub.stop()
  })
})
