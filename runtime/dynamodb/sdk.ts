import { namedExports } from './named-exports.js'
import type { Operation } from './operations.js'

/** The part of the AWS SDK that this package uses: the client and commands. */
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

let loaded: Promise<Sdk> | undefined

/** Loads the AWS SDK with the first request that needs it: loading takes 60 to 75 ms of CPU time. */
export function loadSdk(): Promise<Sdk> {
  loaded ??= import('#@aws-sdk/client-dynamodb')
    .then((module) => namedExports(module, 'DynamoDBClient'))
    .catch((error: unknown) => {
      loaded = undefined
      throw error
    })
  return loaded
}
