import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { listen } from './adapters/listen.js'

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** In the order and case in which they came. */
  readonly names: readonly string[]
  readonly body: string
}

/** An endpoint of which a test decides every answer, down to the socket. */
export interface Stub {
  readonly endpoint: string
  readonly requests: readonly WireRequest[]
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>
  /** Connections that there were so far. */
  readonly connections: number
  /** Answers from now on; default: {@link sendSuccess}. */
  answer(by: (request: WireRequest, response: ServerResponse, count: number) => void): void
  reset(): void
  stop(): Promise<void>
  /** A client for this endpoint, with credentials that never expire. */
  client(config?: DynamoDBClientConfig): DynamoDBClient
}

export async function startStub({ keepAliveTimeout = 60_000 } = {}): Promise<Stub> {
  const requests: WireRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let by: Parameters<Stub['answer']>[0] = sendSuccess
  const listener: RequestListener = (incoming, outgoing) => {
    // Else the SDK sets its clock by it, also in tests with a clock of their own.
    outgoing.sendDate = false
    const chunks: Buffer[] = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = incoming
      const names = rawHeaders.filter((_, index) => index % 2 === 0)
      const request = { method, path: url, headers, names, body: Buffer.concat(chunks).toString('utf8') }
      by(request, outgoing, requests.push(request))
    })
  }
  const server = createServer({ keepAliveTimeout }, listener)
  server.on('connection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  const endpoint = `http://127.0.0.1:${await listen(server)}`
  return {
    endpoint,
    requests,
    sockets,
    get connections() {
      return connections
    },
    answer: (next) => {
      by = next
    },
    reset() {
      requests.length = 0
      connections = 0
      by = sendSuccess
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    client: (config) => new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials: CREDENTIALS, ...config }),
  }
}

export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }

/** What DynamoDB answers where there are no items, and to writes. */
export function sendSuccess({ headers, body }: WireRequest, response: ServerResponse): void {
  const operation = String(headers['x-amz-target']).split('.')[1]
  const { Key, ReturnValues, RequestItems = {}, Statements = [] } = JSON.parse(body)
  const tables = Object.keys(RequestItems).map((table) => [table, []])
  if (operation === 'Query' || operation === 'Scan') sendJson(response, { Items: [], Count: 0, ScannedCount: 0 })
  else if (operation === 'BatchGetItem') sendJson(response, { Responses: Object.fromEntries(tables) })
  else if (operation === 'BatchExecuteStatement') sendJson(response, { Responses: Statements.map(() => ({})) })
  else sendJson(response, ReturnValues === 'ALL_NEW' ? { Attributes: Key } : {})
}

export function sendJson(response: ServerResponse, body: object, status = 200, headers: object = {}): void {
  sendText(response, JSON.stringify(body), status, { 'x-amzn-requestid': 'REQUEST', ...headers })
}

/** @param headers may have a checksum, or no type (undefined) */
export function sendText(response: ServerResponse, body: string, status = 200, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(body)
}

/** The header with which DynamoDB vouches for a body. */
export function checksum(body: string): { 'x-amz-crc32': string } {
  return { 'x-amz-crc32': String(crc32(body)) }
}

export function sendError(
  response: ServerResponse,
  name: string,
  { status = 400, ...more }: { status?: number; [member: string]: unknown } = {},
) {
  sendJson(response, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: `it is ${name}`, ...more }, status)
}
