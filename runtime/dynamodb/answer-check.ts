import { crc32 } from 'node:zlib'
import { itemProblem } from './item-check.js'
import type { Input, Operation } from './transport.js'

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | typeof TOO_LONG
}

/** In place of a body that is longer than it may be. What is left of it is not read, and its connection is closed. */
export const TOO_LONG = Symbol('too long')

export type Members = Readonly<Record<string, unknown>>

/** The body of an answer that is DynamoDB's. */
export interface Believed {
  readonly problem?: undefined
  readonly members: Members
  readonly text: string
}

/** What an answer is, or why it is not believed. */
export type Verdict = Believed | { readonly problem: string }

const CONTENT_TYPE = 'application/x-amz-json-1.0'
const FAILED_CONDITION = 'ConditionalCheckFailedException'
const NOT_A_SUCCESS = 300

const MB = 1024 * 1024
const LONGEST: Partial<Record<Operation, number>> = { BatchGetItem: 64 * MB, Query: 8 * MB, Scan: 8 * MB }

/** How many bytes of an answer are read at most. An item has 400 KB, a page 1 MB, a batch 16 MB; JSON may escape them. */
export function longestAnswer(operation: Operation): number {
  return LONGEST[operation] ?? 4 * MB
}

/**
 * Whether an answer is DynamoDB's, and the answer to this request. Something in between (a proxy, a sign-in page, a load
 * balancer's health check) may answer with status 200 as well. Or it may send an answer to another request.
 *
 * @returns undefined for an error other than a failed condition: this error never counts as a success
 */
export function judge(answer: RawAnswer, operation: Operation, input: Input): Verdict | undefined {
  const { status, headers, body } = answer
  if (body === TOO_LONG) return { problem: `it is longer than ${longestAnswer(operation) / MB} MB` }
  if (status < NOT_A_SUCCESS) return judgeSuccess({ status, headers, body }, operation, input)
  return isFailedCondition(headers, body)
    ? judgeFailedCondition({ status, headers, body }, operation, input)
    : undefined
}

interface Whole extends RawAnswer {
  readonly body: Buffer
}

function judgeSuccess(answer: Whole, operation: Operation, input: Input): Verdict {
  if (answer.status !== 200) return { problem: 'DynamoDB answers with status 200' }
  const parsed = parse(answer)
  if (parsed.problem !== undefined) return parsed
  const { members } = parsed
  const problem =
    membersProblem(members, operation, isVouchedFor(answer)) ??
    lack(members, operation, input) ??
    itemProblem(members, operation, input)
  return problem === undefined ? parsed : { problem }
}

function judgeFailedCondition(answer: Whole, operation: Operation, input: Input): Verdict {
  if (answer.status !== 400) return { problem: 'DynamoDB answers a failed condition with status 400' }
  if (TYPES[operation] !== WRITE) return { problem: 'it answers another operation' }
  const parsed = parse(answer)
  if (parsed.problem !== undefined) return parsed
  const { members } = parsed
  const problem = typesProblem(members, ERROR, isVouchedFor(answer)) ?? itemProblem(members, operation, input)
  return problem === undefined ? parsed : { problem }
}

/** The SDK looks at the header first, then at the body. */
function isFailedCondition(headers: RawAnswer['headers'], body: Buffer): boolean {
  return headers['x-amzn-errortype']?.includes(FAILED_CONDITION) === true || body.includes(FAILED_CONDITION)
}

function parse({ headers, body }: Whole): Verdict {
  const type = headers['content-type']
  if (type !== CONTENT_TYPE && type?.split(';')[0]?.trim().toLowerCase() !== CONTENT_TYPE) {
    return { problem: `its content type is not ${CONTENT_TYPE}` }
  }
  const checksum = headers['x-amz-crc32']
  if (checksum !== undefined && headers['content-encoding'] === undefined && Number(checksum) !== crc32(body)) {
    return { problem: 'its checksum does not fit' }
  }
  const text = body.toString()
  try {
    const members: unknown = JSON.parse(text)
    return isObject(members) ? { members, text } : { problem: 'it is not a JSON object' }
  } catch {
    return { problem: 'it is not JSON' }
  }
}

/** A checksum that fits was made by DynamoDB, which may send more one day than is known here. */
function isVouchedFor({ headers }: RawAnswer): boolean {
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

/** Types of attributes whose value is a text. */
const TEXTS = new Set(['S', 'N', 'B'])

/** Attributes with their types, as `{ S: 'text' }`. */
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

/** API reference of DynamoDB, the response syntax of each operation. */
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

/** Members that tell an answer to another operation, whose checksum may fit. */
const TELLING = new Set(Object.values(TYPES).flatMap((types) => Object.keys(types)))

function membersProblem(members: Members, operation: Operation, vouchedFor: boolean): string | undefined {
  const types = TYPES[operation]
  for (const name in members) {
    if (TELLING.has(name) && !Object.hasOwn(types, name)) return 'it answers another operation'
  }
  return typesProblem(members, types, vouchedFor)
}

function typesProblem(members: Members, types: Types, vouchedFor: boolean): string | undefined {
  for (const name in members) {
    const check = Object.hasOwn(types, name) ? types[name] : undefined
    if (check && !check(members[name])) return `its ${name} is not of the type that DynamoDB sends`
    if (!check && !vouchedFor) return 'it has members that DynamoDB does not send'
  }
  return undefined
}

/** An item as written comes exactly where it was asked for. Emulators also send one without attributes. */
function lack(members: Members, operation: Operation, input: Input): string | undefined {
  const missing = REQUIRED[operation]?.find((name) => members[name] === undefined)
  if (missing) return `it lacks ${missing}`
  const values = 'ReturnValues' in input ? input.ReturnValues : undefined
  if (values === 'ALL_NEW' && members.Attributes === undefined) return 'it lacks Attributes'
  if ((values === undefined || values === 'NONE') && hasMembers(members.Attributes)) {
    return 'it answers another request'
  }
  return undefined
}

function hasMembers(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length > 0
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
