import { crc32 } from 'node:zlib'
import { itemProblem } from './item-check.js'
import type { Input, Operation } from './operations.js'

/** A response as it came over the wire. */
export interface RawResponse<Body = Buffer | typeof TOO_LONG> {
  readonly status: number
  /** Names are in lower case. Headers of the same name are joined to one text. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

/** Stands for a body that is longer than the limit. The rest of the body is not read, and its connection is closed. */
export const TOO_LONG = Symbol('too long')

export type Members = Readonly<Record<string, unknown>>

/** The parsed body of DynamoDB's response; or why the response is not DynamoDB's. */
export type CheckedResponse =
  | { readonly problem?: undefined; readonly members: Members; readonly text: string }
  | { readonly problem: string }

const CONTENT_TYPE = 'application/x-amz-json-1.0'
const FAILED_CONDITION = 'ConditionalCheckFailedException'
const NOT_A_SUCCESS = 300

const MB = 1024 * 1024
const LONGEST: Partial<Record<Operation, number>> = { BatchGetItem: 64 * MB, Query: 8 * MB, Scan: 8 * MB }

/**
 * The limit for the body of a response, in bytes. DynamoDB's own limits are 400 KB for an item, 1 MB for a page and 16 MB for
 * a batch. JSON with escapes is longer.
 */
export function longestResponse(operation: Operation): number {
  return LONGEST[operation] ?? 4 * MB
}

/**
 * Checks whether a response is DynamoDB's, and belongs to this request. A proxy, a sign-in page or a health check may also
 * send status 200. A proxy may send the response to another request.
 *
 * @returns undefined for an error other than a failed condition: the caller never takes such an error for a success
 */
export function checkResponse(
  { status, headers, body }: RawResponse,
  operation: Operation,
  input: Input,
): CheckedResponse | undefined {
  if (body === TOO_LONG) return { problem: `it is longer than ${longestResponse(operation) / MB} MB` }
  if (status < NOT_A_SUCCESS) return checkSuccess({ status, headers, body }, operation, input)
  return isFailedCondition(headers, body)
    ? checkFailedCondition({ status, headers, body }, operation, input)
    : undefined
}

function checkSuccess(response: RawResponse<Buffer>, operation: Operation, input: Input): CheckedResponse {
  if (response.status !== 200) return { problem: 'its status is not 200' }
  const parsed = parse(response)
  if (parsed.problem !== undefined) return parsed
  const { members } = parsed
  const problem =
    membersProblem(members, operation, hasChecksum(response)) ??
    presenceProblem(members, operation, input) ??
    itemProblem(members, operation, input)
  return problem === undefined ? parsed : { problem }
}

function checkFailedCondition(response: RawResponse<Buffer>, operation: Operation, input: Input): CheckedResponse {
  if (response.status !== 400) return { problem: 'it is a failed condition whose status is not 400' }
  if (TYPES[operation] !== WRITE) return { problem: OTHER_OPERATION }
  const parsed = parse(response)
  if (parsed.problem !== undefined) return parsed
  const { members } = parsed
  const problem = typesProblem(members, ERROR, hasChecksum(response)) ?? itemProblem(members, operation, input)
  return problem === undefined ? parsed : { problem }
}

const OTHER_OPERATION = 'it belongs to another operation'

/** The SDK reads the name of an error from the header first, then from the body. */
function isFailedCondition(headers: RawResponse['headers'], body: Buffer): boolean {
  return headers['x-amzn-errortype']?.includes(FAILED_CONDITION) === true || body.includes(FAILED_CONDITION)
}

function parse(response: RawResponse<Buffer>): CheckedResponse {
  const { headers, body } = response
  const type = headers['content-type']
  if (type !== CONTENT_TYPE && type?.split(';')[0]?.trim().toLowerCase() !== CONTENT_TYPE) {
    return { problem: `its content type is not ${CONTENT_TYPE}` }
  }
  if (hasChecksum(response) && Number(headers['x-amz-crc32']) !== crc32(body)) {
    return { problem: 'its checksum is wrong' }
  }
  const text = body.toString()
  try {
    const members: unknown = JSON.parse(text)
    return isObject(members) ? { members, text } : { problem: 'it is not a JSON object' }
  } catch {
    return { problem: 'it is not JSON' }
  }
}

/** A body with a correct checksum is DynamoDB's, even with members that this version does not know. */
function hasChecksum({ headers }: RawResponse): boolean {
  return headers['x-amz-crc32'] !== undefined && headers['content-encoding'] === undefined
}

type Check = (value: unknown) => boolean
type Types = Readonly<Record<string, Check>>

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number'
const listOf = (check: Check): Check => {
  return (value) => Array.isArray(value) && value.every(check)
}
const mapOf = (check: Check): Check => {
  return (value) => isObject(value) && Object.values(value).every(check)
}

/** Types of attributes whose value is a JSON string. */
const TEXTS = new Set(['S', 'N', 'B'])

/** Checks attributes with their types, such as `{ S: 'text' }`. */
const isItem: Check = (value) => {
  if (!isObject(value)) return false
  for (const name in value) {
    const attribute = value[name]
    if (!isObject(attribute)) return false
    for (const type in attribute) {
      if (TEXTS.has(type) && typeof attribute[type] !== 'string') return false
    }
  }
  return true
}

const WRITE: Types = { Attributes: isItem, ConsumedCapacity: isObject, ItemCollectionMetrics: isObject }
const PAGE: Types = {
  Items: listOf(isItem),
  Count: isNumber,
  ScannedCount: isNumber,
  LastEvaluatedKey: isItem,
  ConsumedCapacity: isObject,
}

/** The response syntax of each operation, from DynamoDB's API reference. */
const TYPES: Readonly<Record<Operation, Types>> = {
  BatchExecuteStatement: { Responses: listOf(isObject), ConsumedCapacity: listOf(isObject) },
  BatchGetItem: {
    Responses: mapOf(listOf(isItem)),
    UnprocessedKeys: mapOf((keys) => isObject(keys) && listOf(isItem)(keys.Keys)),
    ConsumedCapacity: listOf(isObject),
  },
  DeleteItem: WRITE,
  GetItem: { Item: isItem, ConsumedCapacity: isObject },
  PutItem: WRITE,
  Query: PAGE,
  Scan: PAGE,
  UpdateItem: WRITE,
}
const ERROR: Types = { __type: isText, message: isText, Message: isText, Item: isItem }

const REQUIRED: Partial<Record<Operation, readonly string[]>> = {
  BatchExecuteStatement: ['Responses'],
  BatchGetItem: ['Responses'],
  Query: ['Items', 'Count'],
  Scan: ['Items', 'Count'],
}

/** Members that show which operation a response belongs to. A correct checksum does not show the operation. */
const KNOWN_MEMBERS = new Set(Object.values(TYPES).flatMap((types) => Object.keys(types)))

function membersProblem(members: Members, operation: Operation, allowsOthers: boolean): string | undefined {
  const types = TYPES[operation]
  for (const name in members) {
    if (KNOWN_MEMBERS.has(name) && !Object.hasOwn(types, name)) return OTHER_OPERATION
  }
  return typesProblem(members, types, allowsOthers)
}

/** @param allowsOthers whether members without a type are allowed */
function typesProblem(members: Members, types: Types, allowsOthers: boolean): string | undefined {
  for (const name in members) {
    const check = Object.hasOwn(types, name) ? types[name] : undefined
    if (check && !check(members[name])) return `its ${name} is not of the type that DynamoDB sends`
    if (!check && !allowsOthers) return 'it has members that DynamoDB does not send'
  }
  return undefined
}

/** Finds a missing member, or attributes that the request does not ask for. Emulators send these as `{}`. */
function presenceProblem(members: Members, operation: Operation, input: Input): string | undefined {
  const missing = REQUIRED[operation]?.find((name) => members[name] === undefined)
  if (missing) return `it lacks ${missing}`
  const values = 'ReturnValues' in input ? input.ReturnValues : undefined
  if (values === 'ALL_NEW' && members.Attributes === undefined) return 'it lacks Attributes'
  const wantsNone = values === undefined || values === 'NONE'
  const hasAttributes = isObject(members.Attributes) && Object.keys(members.Attributes).length > 0
  return wantsNone && hasAttributes ? 'it belongs to another request' : undefined
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
