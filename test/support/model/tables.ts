import { DeleteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Operation } from '../../../runtime/dynamodb/operations.js'
import { loadSdk } from '../../../runtime/dynamodb/sdk.js'
import type { Choices } from './choices.js'
import type { Item } from './expressions.js'
import { ModelDynamoDB } from './model-dynamodb.js'
import type { Backend } from './simulation.js'

/** A table for one run after another of a simulation. */
export interface Table {
  readonly name: string
  /** Whether sessions can be found by a value. */
  readonly isIndexed: boolean
  /** Sends at once, without the simulation. */
  readonly client: DynamoDBClient
  /** An id that no session has had. */
  newId(prefix: string): string
  backend(choices: Choices): Backend
  /** What is stored, without a request; undefined where that can't be. */
  readonly peek: ((key: string) => Item | undefined) | undefined
}

/** A new table of the model. */
export function modelTable(choices: Choices): Table {
  const itemOnFailure = choices.below(2) === 0
  const model = new ModelDynamoDB({ itemOnFailure, pageSize: 2 })
  let ids = 0
  const send = async ({ constructor: { name }, input }: { constructor: { name: string }; input: object }) =>
    model.execute(name.replace(/Command$/, '') as Operation, input as never)
  return {
    name: 'sessions',
    isIndexed: true,
    client: { send, config: {}, destroy: () => undefined } as unknown as DynamoDBClient,
    newId: (prefix) => {
      ids += 1
      return `${prefix}${ids}`
    },
    backend: () => model,
    peek: (key) => model.peek(key),
  }
}

/** A table of an engine, which is emptied for every run. */
export async function engineTable(client: DynamoDBClient, name: string): Promise<Table> {
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName: name, ProjectionExpression: 'session_id', ConsistentRead: true }),
  )
  for (const Key of Items) await client.send(new DeleteItemCommand({ TableName: name, Key }))
  let ids = 0
  return {
    name,
    isIndexed: false,
    client,
    newId: (prefix) => {
      ids += 1
      return `${prefix}${ids}`
    },
    backend: () => ({
      execute: async (operation, input) => {
        const sdk = await loadSdk()
        const Command = sdk[`${operation}Command`] as unknown as new (input: object) => never
        return client.send(new Command(input))
      },
    }),
    peek: undefined,
  }
}
