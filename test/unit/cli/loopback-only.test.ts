import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { acceptOnlyLoopback } from '../../../runtime/cli/loopback-only.js'

let answered = 0
const server = createServer((_, response) => {
  answered += 1
  response.end('{"TableNames":[]}')
})

beforeAll(async () => {
  acceptOnlyLoopback(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => server.close())

/** Status and body of the answer to a request with these header lines. */
async function answerTo(lines: readonly string[], version = '1.1') {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const head = [`POST / HTTP/${version}`, ...lines, 'Connection: close', 'Content-Length: 2']
  socket.write(`${head.join('\r\n')}\r\n\r\n{}`)
  const answer = await text(socket)
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? []
  return { status: Number(status), type: /^content-type: (.*)\r$/im.exec(answer)?.[1], answer }
}

it.each([
  'localhost',
  'localhost:8000',
  'LOCALHOST:8000',
  'dynamodb.localhost:8000',
  '127.0.0.1:8000',
  '127.8.9.10',
  '[::1]',
  '[::1]:8000',
])('answers a program of this machine that requests the host %s', async (host) => {
  expect(await answerTo([`Host: ${host}`])).toMatchObject({ status: 200 })
})

it.each([
  'rebound.example',
  'rebound.example:8000',
  'localhost.example',
  'notlocalhost',
  '127.0.0.1.example',
  '127.0.0.1:8000:1',
  '127.0.0',
  '0.0.0.0:8000',
  '192.168.0.1',
  '[::]',
  '[::1]x',
  'localhost@rebound.example',
  '',
])(
  'refuses the host %j of another machine in DynamoDB’s format, because DNS rebinding may lead it here',
  async (host) => {
    const before = answered
    const { status, type, answer } = await answerTo([`Host: ${host}`])
    expect({ status, type }).toEqual({ status: 403, type: 'application/x-amz-json-1.0' })
    expect(JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))).toEqual({
      __type: 'com.amazon.coral.service#AccessDeniedException',
      Message: expect.stringContaining(`The host of the request is ${JSON.stringify(host)}, not a loopback name`),
    })
    expect(answered).toBe(before)
  },
)

it('refuses a request without a host, such as one by HTTP/1.0', async () => {
  expect(await answerTo([], '1.0')).toMatchObject({ status: 403 })
})

it.each(['http://localhost:3000', 'https://app.localhost', 'http://127.0.0.1', 'http://[::1]:8080'])(
  'answers a page of %s',
  async (origin) => {
    expect(await answerTo(['Host: localhost', `Origin: ${origin}`])).toMatchObject({ status: 200 })
  },
)

it.each([
  'https://site.example',
  'http://localhost.example',
  'null',
  'http://localhost:1@site.example',
  'file://',
  'x',
])('refuses a page of %s', async (origin) => {
  const before = answered
  const { status, answer } = await answerTo(['Host: localhost:8000', `Origin: ${origin}`])
  expect(status).toBe(403)
  expect(answer).toContain('The request comes from a page of')
  expect(answered).toBe(before)
})

it('shows no control characters of a host name', async () => {
  const { answer } = await answerTo([`Host: ${'x'.repeat(5_000)}\u009b31m`])
  expect(answer.length).toBeLessThan(700)
})
