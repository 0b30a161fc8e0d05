import type {
  BatchExecuteStatementCommandInput,
  BatchExecuteStatementCommandOutput,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'

/** The operations that a transport sends: those for items. Requests for tables go through the SDK's client. */
export interface Operations {
  BatchExecuteStatement: { input: BatchExecuteStatementCommandInput; output: BatchExecuteStatementCommandOutput }
  BatchGetItem: { input: BatchGetItemCommandInput; output: BatchGetItemCommandOutput }
  DeleteItem: { input: DeleteItemCommandInput; output: DeleteItemCommandOutput }
  GetItem: { input: GetItemCommandInput; output: GetItemCommandOutput }
  PutItem: { input: PutItemCommandInput; output: PutItemCommandOutput }
  Query: { input: QueryCommandInput; output: QueryCommandOutput }
  Scan: { input: ScanCommandInput; output: ScanCommandOutput }
  UpdateItem: { input: UpdateItemCommandInput; output: UpdateItemCommandOutput }
}

export type Operation = keyof Operations

export type Input = Operations[Operation]['input']

const READS: readonly Operation[] = ['BatchGetItem', 'GetItem', 'Query', 'Scan']

/** Whether nobody can know what the request did when its answer is lost. */
export function isWrite(operation: Operation): boolean {
  return !READS.includes(operation)
}

/** The table that a request is for, or all tables where it is for several. */
export function tableOf(input: Input): string | undefined {
  if ('TableName' in input) return input.TableName
  return 'RequestItems' in input ? Object.keys(input.RequestItems ?? {}).join(', ') : undefined
}
