import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import type { Options } from '../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { Connection } from '../../runtime/dynamodb/connection.js'
import type { Operation, Operations } from '../../runtime/dynamodb/operations.js'
import { loadSdk } from '../../runtime/dynamodb/sdk.js'
import type { SendOptions } from '../../runtime/dynamodb/transport.js'
import { CREDENTIALS, type Stub, type WireRequest } from './dynamodb-stub.js'

export type Send = <O extends Operation>(
  operation: O,
  input: Operations[O]['input'],
  options?: SendOptions,
) => Promise<Operations[O]['output']>

export interface Seen<T> {
  readonly result: T
  readonly requests: readonly WireRequest[]
}

/** Settings of a client that the SDK and this package call the same. */
export type Settings = Pick<Options, 'endpoint' | 'region' | 'maxAttempts' | 'credentials'>

const REGION = 'eu-central-1'

/** A connection of this package to a stub. */
export function connectionFor(stub: Stub, options: Options = {}): Connection {
  const own = { endpoint: stub.endpoint, region: REGION, credentials: CREDENTIALS }
  return new Connection(resolveConfiguration({ ...own, ...options }))
}

/** Does the same with the SDK's client, without anything of this package, and with the lean transport. */
export async function both<T>(
  stub: Stub,
  settings: Settings,
  run: (send: Send) => Promise<T>,
  { sdk: more, lean }: { sdk?: DynamoDBClientConfig; lean?: Options } = {},
): Promise<{ sdk: Seen<T>; lean: Seen<T> }> {
  const seen = async (send: Send): Promise<Seen<T>> => {
    const before = stub.requests.length
    const result = await run(send)
    return { result, requests: stub.requests.slice(before) }
  }
  const client = stub.client({ ...(settings as DynamoDBClientConfig), ...more })
  const connection = connectionFor(stub, { ...settings, ...lean })
  try {
    return { sdk: await seen(sdkSend(client)), lean: await seen(leanSend(connection)) }
  } finally {
    client.destroy()
    connection.close()
  }
}

/** @throws when the SDK would send */
export function leanSend({ transport, whySdk }: Connection): Send {
  if (whySdk !== undefined) throw new Error(`the SDK would send: ${whySdk}`)
  return (operation, input, options) => transport.send(operation, input, options)
}

export function sdkSend(client: DynamoDBClient): Send {
  return async (operation, input, options) => {
    const sdk = await loadSdk()
    const Command = sdk[`${operation}Command`] as new (input: object) => Parameters<DynamoDBClient['send']>[0]
    return (await client.send(new Command(input), options)) as never
  }
}

/** What sent it, by the user agent. */
export function sentBy(requests: readonly WireRequest[]): ('lean' | 'sdk')[] {
  return requests.map(({ headers }) => (headers['user-agent']?.startsWith('dynamo-session-store/') ? 'lean' : 'sdk'))
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
