import type { ServerResponse } from 'node:http'
import type { Input, Operation } from '../../runtime/dynamodb/operations.js'
import { checksum, sendText } from './dynamodb-stub.js'

export const TABLE = 'sessions'
const KEY = { session_id: { S: 'a' } }
const OTHER = { session_id: { S: 'b' }, data: { S: '{"user":"somebody else"}' } }
const OWN = { ...KEY, data: { S: '{"user":"me"}' } }

export interface Sent {
  readonly name: string
  readonly operation: Operation
  readonly input: Input
  /** What DynamoDB may answer. */
  readonly genuine: object
  readonly writes: boolean
  /** Answers to the same operation that are not for this request, or have a member of a wrong type. */
  readonly wrong: Readonly<Record<string, object>>
}

/** Every kind of request that the package sends for sessions. */
export const SENT: readonly Sent[] = [
  {
    name: 'read',
    operation: 'GetItem',
    input: { TableName: TABLE, Key: KEY },
    genuine: { Item: OWN },
    writes: false,
    wrong: {
      'the item of another key': { Item: OTHER },
      'an item without its key': { Item: { data: OWN.data } },
      'an Item that is a list': { Item: [] },
      'an attribute that is a text': { Item: { ...KEY, data: 'x' } },
      'an attribute whose value is a number': { Item: { ...KEY, data: { S: 5 } } },
    },
  },
  {
    name: 'write',
    operation: 'UpdateItem',
    input: { TableName: TABLE, Key: KEY, ReturnValues: 'NONE' },
    genuine: {},
    writes: true,
    wrong: {
      'attributes that were not asked for': { Attributes: OWN },
      'a ConsumedCapacity that is a number': { ConsumedCapacity: 1 },
    },
  },
  {
    name: 'lock',
    operation: 'UpdateItem',
    input: { TableName: TABLE, Key: KEY, ReturnValues: 'ALL_NEW' },
    genuine: { Attributes: OWN },
    writes: true,
    wrong: {
      'the item of another key': { Attributes: OTHER },
      'no item': {},
      'Attributes that are null': { Attributes: null },
    },
  },
  {
    name: 'delete',
    operation: 'DeleteItem',
    input: { TableName: TABLE, Key: KEY },
    genuine: {},
    writes: true,
    wrong: { 'attributes that were not asked for': { Attributes: OWN } },
  },
  {
    name: 'batch',
    operation: 'BatchGetItem',
    input: { RequestItems: { [TABLE]: { Keys: [KEY, { session_id: { S: 'c' } }] } } },
    genuine: { Responses: { [TABLE]: [OWN] }, UnprocessedKeys: {} },
    writes: false,
    wrong: {
      'the item of another key': { Responses: { [TABLE]: [OWN, OTHER] } },
      'unprocessed keys of others': {
        Responses: { [TABLE]: [] },
        UnprocessedKeys: { [TABLE]: { Keys: [{ session_id: OTHER.session_id }] } },
      },
      'another table': { Responses: { others: [] } },
      'an item of another table beside': { Responses: { [TABLE]: [], others: [OTHER] } },
      'no Responses': {},
      'Responses that are a list': { Responses: [] },
      'UnprocessedKeys that are a list': { Responses: { [TABLE]: [] }, UnprocessedKeys: [] },
    },
  },
  {
    name: 'query',
    operation: 'Query',
    input: {
      TableName: TABLE,
      IndexName: 'user_id-index',
      KeyConditionExpression: '#attribute = :value',
      ProjectionExpression: '#key, #attribute',
      ExpressionAttributeNames: { '#attribute': 'user_id', '#key': 'session_id' },
      ExpressionAttributeValues: { ':value': { S: 'u' } },
    },
    genuine: { Items: [{ ...KEY, user_id: { S: 'u' } }], Count: 1, ScannedCount: 1 },
    writes: false,
    wrong: {
      'items of another value': { Items: [{ ...KEY, user_id: { S: 'v' } }], Count: 1 },
      'items without their key': { Items: [{ user_id: { S: 'u' } }], Count: 1 },
      'no Items': {},
      'Items that are a map': { Items: {}, Count: 0 },
      'a LastEvaluatedKey that is a text': { Items: [], Count: 0, LastEvaluatedKey: 'x' },
    },
  },
  {
    name: 'scan',
    operation: 'Scan',
    input: { TableName: TABLE },
    genuine: { Items: [OWN, OTHER], Count: 2, ScannedCount: 2 },
    writes: false,
    wrong: { 'no Items': {}, 'a Count that is a text': { Items: [], Count: '0' } },
  },
  {
    name: 'delete of several',
    operation: 'BatchExecuteStatement',
    input: { Statements: [{ Statement: 'DELETE FROM "sessions" WHERE "session_id" = ?', Parameters: [{ S: 'a' }] }] },
    genuine: { Responses: [{ TableName: TABLE }] },
    writes: true,
    wrong: { 'no Responses': {}, 'Responses that are a map': { Responses: {} } },
  },
]

type Send = (response: ServerResponse, genuine: object) => void

/** What comes in place of DynamoDB's answer, whatever was asked, with status 200 where nothing else is said. */
export const FOREIGN: Readonly<Record<string, Send>> = {
  'the JSON of a health check': (response) =>
    sendText(response, '{"status":"UP"}', 200, { 'content-type': 'application/json' }),
  'such JSON with the type of DynamoDB': (response) => sendText(response, '{"status":"UP"}'),
  'such JSON with a checksum that does not fit': (response) =>
    sendText(response, '{"status":"UP"}', 200, { 'x-amz-crc32': '1' }),
  nothing: (response) => sendText(response, ''),
  'nothing, without a type': (response) => void response.writeHead(200).end(),
  'status 204': (response) => void response.writeHead(204).end(),
  'status 201': (response, genuine) => sendText(response, JSON.stringify(genuine), 201),
  null: (response) => sendText(response, 'null'),
  'an empty list': (response) => sendText(response, '[]'),
  'a number': (response) => sendText(response, '1', 200, checksum('1')),
  HTML: (response) => sendText(response, '<!doctype html><title>Sign in</title>', 200, { 'content-type': 'text/html' }),
  'another type': (response, genuine) =>
    sendText(response, JSON.stringify(genuine), 200, { 'content-type': 'application/json' }),
  'no type': (response, genuine) => void response.writeHead(200).end(JSON.stringify(genuine)),
  'a wrong checksum': (response, genuine) => sendText(response, JSON.stringify(genuine), 200, { 'x-amz-crc32': '7' }),
  'a checksum that is no number': (response, genuine) =>
    sendText(response, JSON.stringify(genuine), 200, { 'x-amz-crc32': 'x' }),
  'half of the body': (response, genuine) => sendText(response, `${JSON.stringify(genuine)} `.slice(0, -2)),
  'an unknown member': (response, genuine) => sendText(response, JSON.stringify({ ...genuine, Status: 'UP' })),
  'an answer to another operation': (response, genuine) => {
    const body = JSON.stringify('Items' in genuine ? { Item: OWN } : { Items: [], Count: 0, ScannedCount: 0 })
    sendText(response, body, 200, checksum(body))
  },
  'a failed condition with another item': (response) => sendText(response, failedCondition({ Item: OTHER }), 400),
  'a failed condition of another type': (response) =>
    sendText(response, failedCondition({ Item: OWN }), 400, { 'content-type': 'text/plain' }),
  'a failed condition with a wrong checksum': (response) =>
    sendText(response, failedCondition({ Item: OWN }), 400, { 'x-amz-crc32': '7' }),
  'a failed condition with an unknown member': (response) => sendText(response, failedCondition({ more: 1 }), 400),
  'a failed condition broken off': (response) => sendText(response, failedCondition({}).slice(0, -1), 400),
  'a failed condition in the header alone': (response) =>
    sendText(response, '', 400, { 'x-amzn-errortype': 'ConditionalCheckFailedException' }),
  'a failed condition with status 409': (response) => sendText(response, failedCondition({}), 409),
}

export function failedCondition(more: object): string {
  const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException'
  return JSON.stringify({ __type, message: 'The conditional request failed', ...more })
}
