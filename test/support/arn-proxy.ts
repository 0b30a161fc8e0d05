import { createServer, request } from 'node:http'
import { listen, stop } from './adapters/listen.js'

/** A proxy that makes an engine accept the ARN of a table as its name, as DynamoDB does. */
export interface ArnProxy {
  readonly endpoint: string
  /** `GetItem arn:…` or `GetItem sessions` for each request. */
  readonly requests: string[]
  stop(): Promise<void>
}

export async function startArnProxy(target: string, arn: string, name: string): Promise<ArnProxy> {
  const requests: string[] = []
  const server = createServer(async (incoming, outgoing) => {
    const body = await read(incoming)
    const input = JSON.parse(body)
    const table = input.TableName ?? Object.keys(input.RequestItems ?? {}).join()
    requests.push(`${String(incoming.headers['x-amz-target']).replace(/^.*\./, '')} ${table}`)
    const { host: _, 'content-length': __, ...headers } = incoming.headers
    const onward = request(target, { method: 'POST', headers, agent: false }, async (response) => {
      const answer = await read(response)
      outgoing.writeHead(response.statusCode ?? 502, { 'content-type': 'application/x-amz-json-1.0' })
      outgoing.end(table === arn ? answer.replaceAll(`"${name}":`, `"${arn}":`) : answer)
    })
    onward.once('error', () => outgoing.destroy())
    onward.end(body.replaceAll(JSON.stringify(arn), JSON.stringify(name)))
  })
  const endpoint = `http://127.0.0.1:${await listen(server)}`
  return { endpoint, requests, stop: () => stop(server) }
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
