import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../support/adapters/listen.js'
import { sentBy } from '../../support/both-transports.js'
import {
  CREDENTIALS,
  type Stub,
  sendError,
  sendSuccess,
  sendText,
  startStub,
  type WireRequest,
} from '../../support/dynamodb-stub.js'
import { folderWith } from '../../support/folder.js'
import { storedKey } from '../../support/stored-key.js'

const WORKER = join(import.meta.dirname, '../../support/loading-worker.ts')

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => {
  stub.reset()
  stub.answer(answer)
})

/** Responds by the session's id. */
function answer(request: WireRequest, response: ServerResponse): void {
  const isOf = (id: string) => request.body.includes(storedKey(id))
  if (isOf('lost')) sendError(response, 'ConditionalCheckFailedException')
  else if (isOf('throttled')) sendError(response, 'ThrottlingException')
  else if (isOf('refused')) sendError(response, 'AccessDeniedException')
  else if (isOf('missing')) sendError(response, 'ResourceNotFoundException')
  else if (isOf('foreign')) sendText(response, '<html>', 200, { 'content-type': 'text/html' })
  else sendSuccess(request, response)
}

/** The packages of AWS and Smithy that a process with a store loads, and the outcomes of its requests. */
async function loaded(options: object, env: Readonly<Record<string, string>> = {}) {
  const folder = folderWith()
  const file = join(folder, 'loaded')
  writeFileSync(file, '')
  const { PATH = '' } = process.env
  const child = fork(WORKER, [JSON.stringify({ options, file })], {
    env: { PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    execArgv: ['--no-warnings', '--import', 'tsx'],
    // The store reports each failed read.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const told = once(child, 'message')
  const [outcomes] = await Promise.race([told, ended])
  await ended
  const lines = readFileSync(file, 'utf8').split('\n')
  expect(lines.some((line) => line.endsWith('/lean-transport.ts'))).toBe(true)
  const packages = lines.map((line) => /\/node_modules\/(@(?:aws-sdk|smithy|aws)\/[^/]+)\//.exec(line)?.[1])
  return { outcomes, packages: [...new Set(packages.filter((name) => name !== undefined))] }
}

/** Checks how the requests of a store were sent. */
function expectLean(outcomes: unknown): void {
  expect(new Set(sentBy(stub.requests))).toEqual(new Set(['lean']))
  const operations = stub.requests.map(({ headers }) => String(headers['x-amz-target']).split('.')[1])
  expect(operations).toEqual(expect.arrayContaining(['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem']))
  expect(stub.requests.filter(({ headers }) => headers['amz-sdk-request']?.includes('attempt=4'))).not.toEqual([])
  expect(outcomes).toMatchObject({ read: 'done', reads: 'done', create: 'done', delete: 'done' })
  for (const name of ['throttled write', 'refused', 'missing']) {
    expect((outcomes as Record<string, string>)[name]).not.toBe('done')
  }
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' }
const REGION = { AWS_REGION: 'eu-central-1' }

describe('a process with an ordinary store', () => {
  it.each([
    ['keys in ENV', KEYS],
    ['keys in ENV of AWS Lambda', { ...KEYS, AWS_LAMBDA_FUNCTION_NAME: 'f', _X_AMZN_TRACE_ID: 'Root=1' }],
    ['no keys, for a DynamoDB on this machine', {}],
  ])('sends lean, and loads nothing of the AWS SDK: %s', async (_, env) => {
    const { outcomes, packages } = await loaded({}, { ...env, ...REGION, AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint })
    expect(packages).toEqual([])
    expectLean(outcomes)
    if ('_X_AMZN_TRACE_ID' in env) expect(stub.requests[0]?.headers['x-amzn-trace-id']).toBe('Root=1')
  })

  it('sends lean, and loads nothing of the AWS SDK: keys in code', async () => {
    const own = { endpoint: stub.endpoint, region: 'eu-central-1', credentials: CREDENTIALS }
    const { outcomes, packages } = await loaded(own)
    expect(packages).toEqual([])
    expectLean(outcomes)
  })

  it('loads only the default chain of credentials in a container', async () => {
    const given = { AccessKeyId: 'ASIA', SecretAccessKey: 'secret', Token: 'T', Expiration: '2126-01-01T00:00:00Z' }
    const server = createServer((_, response) => void response.end(JSON.stringify(given)))
    onTestFinished(() => void server.close())
    const AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${await listen(server)}/`
    const env = { ...REGION, AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint }
    const { outcomes, packages } = await loaded({}, env)
    expect(packages).toContain('@aws-sdk/credential-provider-node')
    expect(packages).not.toContain('@aws-sdk/client-dynamodb')
    expectLean(outcomes)
    expect(stub.requests[0]?.headers.authorization).toContain('Credential=ASIA/')
  })

  it('loads the AWS SDK when it has to send', async () => {
    const own = { endpoint: stub.endpoint, region: 'eu-central-1', credentials: CREDENTIALS, transport: 'sdk' }
    const { packages } = await loaded(own)
    expect(packages).toContain('@aws-sdk/client-dynamodb')
    expect(new Set(sentBy(stub.requests))).toEqual(new Set(['sdk']))
  })
})
