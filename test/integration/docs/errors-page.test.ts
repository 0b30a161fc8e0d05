import { createServer, type RequestListener } from 'node:http'
import { expect, it, onTestFinished, vi } from 'vitest'
import { listen, stop } from '../../support/adapters/listen.js'
import { sendJson, startStub } from '../../support/dynamodb-stub.js'
import { environmentWith } from '../../support/folder.js'
import { importSnippet } from '../../support/snippets.js'

it('the server of docs/errors.md survives a failed read, logs it, and asks to repeat a failed save', async () => {
  const stub = await startStub()
  environmentWith({
    AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_MAX_ATTEMPTS: '1',
    AWS_DYNAMO_DB_SESSION_MAX_STALE: '3600',
    SESSION_SECRET: 'a secret of thirty-two characters or more',
  })
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const { app } = await importSnippet<{ app: RequestListener }>('errors/server.mjs')
  const server = createServer(app)
  const port = await listen(server)
  onTestFinished(async () => {
    warn.mockRestore()
    await stop(server)
    await stub.stop()
  })
  let cookie = ''
  const request = async (method: string, path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { cookie } })
    cookie ||= response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return [response.status, response.headers.get('retry-after'), await response.text()]
  }

  expect(await request('POST', '/cart')).toEqual([200, null, 'added'])
  stub.answer((_, response) => sendJson(response, { __type: 'x#InternalServerError', message: 'broken' }, 500))
  expect(await request('GET', '/')).toEqual([200, null, 'page'])
  expect(JSON.parse(String(warn.mock.calls[0]?.[0]))).toEqual({
    operation: 'get',
    session: expect.stringMatching(/^[0-9a-f]{16}$/),
    name: 'InternalServerError',
    message: 'broken',
  })
  expect(await request('POST', '/cart')).toEqual([503, '1', 'The server is busy. Please try again.'])
})
