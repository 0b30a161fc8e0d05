import { namedExports } from './named-exports.js'
import type { Operation } from './operations.js'

/** What is used of the AWS SDK: its client and commands. */
export type Sdk = Pick<typeof import('@aws-sdk/client-dynamodb'), 'DynamoDBClient' | `${Command}Command`>

type Command =
  | Operation
  | 'CreateTable'
  | 'DeleteTable'
  | 'DescribeTable'
  | 'DescribeTimeToLive'
  | 'UpdateContinuousBackups'
  | 'UpdateTable'
  | 'UpdateTimeToLive'

interface Loaded {
  readonly sdk: Sdk
  readonly commands: Readonly<Record<Operation, unknown>>
}

let loaded: Promise<Loaded> | undefined

/** The AWS SDK, loaded with the first request that needs it: loading takes 60 to 75 ms of CPU time. */
export function loadSdk(): Promise<Loaded> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined
    throw error
  })
  return loaded
}

async function load(): Promise<Loaded> {
  const sdk = namedExports(await import('#@aws-sdk/client-dynamodb'), 'DynamoDBClient')
  const commands = {
    BatchExecuteStatement: sdk.BatchExecuteStatementCommand,
    BatchGetItem: sdk.BatchGetItemCommand,
    DeleteItem: sdk.DeleteItemCommand,
    GetItem: sdk.GetItemCommand,
    PutItem: sdk.PutItemCommand,
    Query: sdk.QueryCommand,
    Scan: sdk.ScanCommand,
    UpdateItem: sdk.UpdateItemCommand,
  }
  return { sdk, commands }
}
