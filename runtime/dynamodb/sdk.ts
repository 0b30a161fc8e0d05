import { namedExports } from './named-exports.js'

/** The part of the AWS SDK that this package uses, as listed in packages/aws-sdk.cts. */
export type Sdk = typeof import('../packages/aws-sdk.cjs')

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
