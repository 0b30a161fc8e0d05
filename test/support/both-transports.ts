import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import {
  COMMANDS,
  type Operation,
  type Operations,
  type SendOptions,
  transportFor,
} from '../../runtime/dynamodb/transport.js'
import type { Stub, WireRequest } from './dynamodb-stub.js'

export type Send = <O extends Operation>(
  operation: O,
  input: Operations[O]['input'],
  options?: SendOptions,
) => Promise<Operations[O]['output']>

export interface Seen<T> {
  readonly result: T
  readonly requests: readonly WireRequest[]
}

/** Does the same with the SDK's client and with the lean transport, each on a client of its own. */
export async function both<T>(
  stub: Stub,
  config: DynamoDBClientConfig,
  run: (send: Send, client: DynamoDBClient) => Promise<T>,
): Promise<{ sdk: Seen<T>; lean: Seen<T> }> {
  const seen = async (sendOf: (client: DynamoDBClient) => Send): Promise<Seen<T>> => {
    const client = stub.client(config)
    const before = stub.requests.length
    try {
      const result = await run(sendOf(client), client)
      return { result, requests: stub.requests.slice(before) }
    } finally {
      client.destroy()
    }
  }
  return { sdk: await seen(sdkSend), lean: await seen(leanSend) }
}

export function leanSend(client: DynamoDBClient): Send {
  const transport = transportFor({ transport: 'lean' }, client)
  return (operation, input, options) => transport.send(operation, input, options)
}

/** Without anything of this package. */
export function sdkSend(client: DynamoDBClient): Send {
  return async (operation, input, options) => {
    const Command = COMMANDS[operation] as unknown as new (input: object) => InstanceType<typeof COMMANDS.GetItem>
    return (await client.send(new Command(input), options)) as never
  }
}

/** What sent it: undici writes the header `connection` in lower case, Node's own client in upper case. */
export function sentBy(requests: readonly WireRequest[]): ('undici' | 'node:http')[] {
  return requests.map(({ names }) => (names.includes('connection') ? 'undici' : 'node:http'))
}

/** An error as the caller sees it, `$metadata` included. */
export async function failureOf(request: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await request
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('the request should have failed')
}
