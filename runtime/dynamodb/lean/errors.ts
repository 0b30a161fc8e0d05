import type { GetItemCommandOutput } from '@aws-sdk/client-dynamodb'
import type { Members, RawResponse } from '../response-check.js'
import { decodeItem } from './json.js'

/** The SDK's `$metadata` of outputs and errors. */
export type Metadata = GetItemCommandOutput['$metadata'] & {
  /** Whether the request was signed with a wrong time. The clock's offset is known now. */
  clockSkewCorrected?: boolean
}

export function metadataOf({ status, headers }: Pick<RawResponse, 'status' | 'headers'>): Metadata {
  return {
    httpStatusCode: status,
    requestId: headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'],
    extendedRequestId: headers['x-amz-id-2'],
    cfId: headers['x-amz-cf-id'],
  }
}

/**
 * Makes the SDK's error for a response with an error status. The SDK's exceptions compare names, so `instanceof` works
 * without their classes.
 *
 * @returns a `SyntaxError` for a body that is not DynamoDB's: see `withoutResponse`
 */
export function errorOf(response: RawResponse<Buffer>): Error {
  const $metadata = metadataOf(response)
  try {
    const members = membersOf(response.body)
    const name = nameOf(members, response.headers)
    const $fault = response.status < 500 ? 'client' : 'server'
    const error = Object.assign(new Error(messageOf(members)), { name, $fault, $metadata })
    if (name === 'ReplicatedWriteConflictException') Object.assign(error, { $retryable: {} })
    if (name === 'ConditionalCheckFailedException') decodeItem(members.Item as never)
    return withResponse(withMembers(error, members), response)
  } catch (error) {
    return withResponse(Object.assign(error as SyntaxError, { $metadata }), response)
  }
}

/** @throws {SyntaxError} */
function membersOf(body: Buffer): Members {
  const parsed: unknown = body.length > 0 ? JSON.parse(body.toString()) : {}
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Members) : {}
}

/** `com.amazonaws.dynamodb.v20120810#ValidationException:http://…` → `ValidationException` */
function nameOf(members: Members, headers: RawResponse['headers']): string {
  const code = Object.keys(members).find((name) => name.toLowerCase() === 'code')
  const found = members.__type ?? members[code ?? ''] ?? headers['x-amzn-errortype'] ?? 'Unknown'
  const [identifier = ''] = String(found).split(/[,:]/)
  return identifier.includes('#') ? (identifier.split('#')[1] ?? '') : identifier
}

function messageOf({ message, Message }: Members): string {
  return String(message || Message || 'UnknownError')
}

/** Adds each member that the error lacks. */
function withMembers(error: Error & { Message?: unknown }, members: Members): Error {
  const known = error as Error & Record<string, unknown>
  for (const [name, value] of Object.entries(members)) known[name] ||= value
  delete error.Message
  return error
}

/** Adds `$response` without the body, which may hold session data. Printing the error does not show the member. */
function withResponse(error: Error, { status, headers }: RawResponse): Error {
  const value = { statusCode: status, headers }
  return Object.defineProperty(error, '$response', { value, enumerable: false, configurable: true })
}
