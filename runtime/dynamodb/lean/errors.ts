import type { Members, RawAnswer } from '../answer-check.js'
import { decodeItem } from './json.js'

/** What the SDK notes about answers and errors. */
export interface Metadata {
  httpStatusCode?: number
  requestId?: string
  extendedRequestId?: string
  cfId?: string
  attempts?: number
  totalRetryDelay?: number
  /** The request was signed by a wrong clock, whose offset is known now. */
  clockSkewCorrected?: boolean
}

/** An answer whose body is there. */
export interface Answer extends RawAnswer {
  readonly body: Buffer
}

export function metadataOf({ status, headers }: Pick<Answer, 'status' | 'headers'>): Metadata {
  return {
    httpStatusCode: status,
    requestId: headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'],
    extendedRequestId: headers['x-amz-id-2'],
    cfId: headers['x-amz-cf-id'],
  }
}

/**
 * The error for an answer with an error status, as the SDK makes it. `instanceof` of the SDK's exceptions holds, because these
 * compare names; no class of the SDK is needed.
 *
 * @returns a `SyntaxError` for a body that is not DynamoDB's: see `withoutAnswer`
 */
export function errorOf(answer: Answer): Error {
  const $metadata = metadataOf(answer)
  try {
    const members = membersOf(answer.body)
    const name = nameOf(members, answer.headers)
    const $fault = answer.status < 500 ? 'client' : 'server'
    const error = Object.assign(new Error(messageOf(members)), { name, $fault, $metadata })
    if (name === 'ReplicatedWriteConflictException') Object.assign(error, { $retryable: {} })
    if (name === 'ConditionalCheckFailedException') decodeItem(members.Item as never)
    return withResponse(withMembers(error, members), answer)
  } catch (error) {
    return withResponse(Object.assign(error as SyntaxError, { $metadata }), answer)
  }
}

/** @throws {SyntaxError} */
function membersOf(body: Buffer): Members {
  const parsed: unknown = body.length > 0 ? JSON.parse(body.toString()) : {}
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Members) : {}
}

/** `com.amazonaws.dynamodb.v20120810#ValidationException`, also with `:http://…` behind it: `ValidationException` */
function nameOf(members: Members, headers: Answer['headers']): string {
  const code = Object.keys(members).find((name) => name.toLowerCase() === 'code')
  const found = members.__type ?? members[code ?? ''] ?? headers['x-amzn-errortype'] ?? 'Unknown'
  const [identifier = ''] = String(found).split(/[,:]/)
  return identifier.includes('#') ? (identifier.split('#')[1] ?? '') : identifier
}

function messageOf({ message, Message }: Members): string {
  return String(message || Message || 'UnknownError')
}

/** Adds the members that the error does not have yet. */
function withMembers(error: Error & { Message?: unknown }, members: Members): Error {
  const known = error as Error & Record<string, unknown>
  for (const [name, value] of Object.entries(members)) known[name] ||= value
  delete error.Message
  return error
}

/** Hidden when the error is printed. The headers may ask for a pause. The body is left out: it may hold session data. */
function withResponse(error: Error, { status, headers }: Answer): Error {
  const value = { statusCode: status, headers }
  return Object.defineProperty(error, '$response', { value, enumerable: false, configurable: true })
}
