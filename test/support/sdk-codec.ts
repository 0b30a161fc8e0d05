import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { HttpResponse } from '@smithy/core/protocols'
import type { Operation, Operations } from '../../runtime/dynamodb/operations.js'
import { loadSdk } from '../../runtime/dynamodb/sdk.js'
import { CREDENTIALS } from './dynamodb-stub.js'

/** An answer as the SDK's client is to get it. */
export interface GivenAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

let given: GivenAnswer = {}
let sent = ''

/** Instead of a network. */
const requestHandler = {
  async handle(request: { body?: Uint8Array }) {
    const { status = 200, headers = {}, body = '{}' } = given
    sent = new TextDecoder().decode(request.body)
    return { response: new HttpResponse({ statusCode: status, headers: { ...headers }, body: Buffer.from(body) }) }
  },
}

const CONFIG = { endpoint: 'http://localhost', region: 'eu-central-1', credentials: CREDENTIALS, maxAttempts: 1 }
const client = new DynamoDBClient({ ...CONFIG, requestHandler: requestHandler as never })

/** What the SDK's client sends for an input, and what it makes of an answer: one after the other. */
export async function throughSdk<O extends Operation>(
  operation: O,
  input: Operations[O]['input'],
  answer: GivenAnswer = {},
): Promise<{ readonly body: string; readonly output: Promise<Operations[O]['output']> }> {
  given = answer
  const sdk = await loadSdk()
  const Command = sdk[`${operation}Command`] as new (input: object) => InstanceType<typeof sdk.GetItemCommand>
  const output = client.send(new Command(input)) as Promise<never>
  await output.catch(() => {})
  return { body: sent, output }
}
