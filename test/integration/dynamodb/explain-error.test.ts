import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { TableRequestError } from '../../../runtime/errors.js'
import { describeTable } from '../../../runtime/table/describe-table.js'

/** Real errors of the SDK, which differ from its documentation. */
const servers: Server[] = []

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent/config')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent/credentials')
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

it('says how to set a region when there is none', async () => {
  expect(await messageFor({})).toBe(
    'dynamodb:DescribeTable for table "sessions" failed: no AWS region is set; set region in the configuration file, or AWS_REGION in the environment; for a local DynamoDB, set AWS_DYNAMO_DB_SESSION_ENDPOINT=http://127.0.0.1:8000',
  )
})

it('says how to give credentials when there are none', async () => {
  expect(await messageFor({ region: 'eu-central-1' })).toMatch(
    /no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose an AWS profile, or /,
  )
})

it('names the local endpoint when region or credentials are missing, except in production', async () => {
  const hint = '; for a local DynamoDB, set AWS_DYNAMO_DB_SESSION_ENDPOINT=http://127.0.0.1:8000'
  expect(await messageFor({ region: 'eu-central-1' })).toContain(hint)
  expect(await messageFor({ environment: 'production' })).not.toContain(hint)
  vi.stubEnv('NODE_ENV', 'production')
  expect(await messageFor({ region: 'eu-central-1' })).not.toContain(hint)
})

it('names the profile that has no credentials', async () => {
  vi.stubEnv('AWS_PROFILE', 'staging')
  expect(await messageFor({ region: 'eu-central-1' })).toMatch(
    /no AWS credentials were found \(AWS_PROFILE is "staging"\)/,
  )
})

it('suggests a local DynamoDB when an endpoint of this machine does not respond', async () => {
  expect(await messageFor({ endpoint: 'http://localhost:1' })).toBe(
    'dynamodb:DescribeTable for table "sessions" failed: no connection to http://localhost:1 (ECONNREFUSED); is DynamoDB running there? Start one with: npx dynamo-session local --port 1 --path .dynamodb',
  )
})

it('says where an unknown host was set, without the password of its URL', async () => {
  withCredentials()
  const message = await messageFor({ endpoint: 'http://someone:password@nosuch.invalid:8000', region: 'eu-central-1' })
  expect(message).toMatch(
    /the host of http:\/\/nosuch\.invalid:8000 is not found \((ENOTFOUND|EAI_AGAIN)\); check the option endpoint \(code\) and/,
  )
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://nosuch.invalid:8000')
  expect(await messageFor({ region: 'eu-central-1' })).toContain('check ENV AWS_ENDPOINT_URL and the network')
})

it('suggests checking the region when the host of AWS is not found', async () => {
  withCredentials()
  expect(await messageFor({ region: 'eu-centrall-1' })).toMatch(
    /the host of dynamodb\.eu-centrall-1\.amazonaws\.com is not found .*; check the region and the network/,
  )
})

it("names the host of the application's own client", async () => {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  const client = new DynamoDBClient({ region: 'us-east-1', credentials, endpoint: 'http://127.0.0.1:1' })
  expect(await messageFor({ client, endpoint: 'http://not-used:8000' })).toContain('no connection to 127.0.0.1:1')
})

it('says that no response came in time', async () => {
  const endpoint = await serve(() => {})
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  const requestHandler = { requestTimeout: 50, throwOnRequestTimeout: true }
  const client = new DynamoDBClient({ region: 'us-east-1', credentials, endpoint, requestHandler })
  expect(await messageFor({ client })).toMatch(/no response in time from DynamoDB; check the network/)
})

it.each<{ title: string; answer: RequestListener; text: RegExp }>([
  { title: 'a web page', answer: (_, out) => out.writeHead(404).end('<html>'), text: /\(HTTP status 404\)/ },
  { title: 'nothing', answer: (_, out) => out.end(), text: /does not respond like DynamoDB/ },
])('says that a server that sends $title is not DynamoDB', async ({ answer, text }) => {
  const message = await messageFor({ endpoint: await serve(answer) })
  expect(message).toMatch(/does not respond like DynamoDB.*; check the option endpoint/)
  expect(message).toMatch(text)
})

it('says that a proxy or AWS reports a fault', async () => {
  const endpoint = await serve((_, out) => out.writeHead(503).end('busy'))
  expect(await messageFor({ endpoint })).toMatch(/reports an internal error \(.*HTTP status 503\); run it again/)
})

it('says that the connection broke', async () => {
  const endpoint = await serve((incoming) => incoming.socket.destroy())
  expect(await messageFor({ endpoint })).toContain(`no connection to ${endpoint} (ECONNRESET)`)
})

it('suggests checking http:// and https:// when the endpoint uses the other one', async () => {
  const endpoint = await serve((_, out) => out.end())
  expect(await messageFor({ endpoint: endpoint.replace('http:', 'https:') })).toMatch(
    /no secure connection to https:.* \(EPROTO\); check http:\/\/ or https:\/\/ in the endpoint/,
  )
})

function withCredentials(): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x')
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function messageFor(options: Options): Promise<string> {
  const error = await describeTable(options).catch((error: unknown) => error)
  if (!(error instanceof TableRequestError)) throw new Error('no TableRequestError', { cause: error })
  expect(error.message).not.toMatch(/\n|password/)
  return error.message
}
