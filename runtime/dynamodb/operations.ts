import type * as Sdk from '@aws-sdk/client-dynamodb'

/** The operations that a transport sends: those for items. Requests for tables go through the SDK's client. */
export interface Operations {
  BatchExecuteStatement: {
    input: Sdk.BatchExecuteStatementCommandInput
    output: Sdk.BatchExecuteStatementCommandOutput
  }
  BatchGetItem: { input: Sdk.BatchGetItemCommandInput; output: Sdk.BatchGetItemCommandOutput }
  DeleteItem: { input: Sdk.DeleteItemCommandInput; output: Sdk.DeleteItemCommandOutput }
  GetItem: { input: Sdk.GetItemCommandInput; output: Sdk.GetItemCommandOutput }
  PutItem: { input: Sdk.PutItemCommandInput; output: Sdk.PutItemCommandOutput }
  Query: { input: Sdk.QueryCommandInput; output: Sdk.QueryCommandOutput }
  Scan: { input: Sdk.ScanCommandInput; output: Sdk.ScanCommandOutput }
  UpdateItem: { input: Sdk.UpdateItemCommandInput; output: Sdk.UpdateItemCommandOutput }
}

export type Operation = keyof Operations

export type Input = Operations[Operation]['input']
