import type { GetItemCommand, GetItemCommandInput, GetItemCommandOutput } from '@aws-sdk/client-dynamodb'
import { isConditionFailed } from './error-facts.js'
import { itemProblem } from './item-check.js'
import type { Input, Operation } from './operations.js'
import { closeOnSurplus, connectionOf, inLowerCase, readWhole } from './raw-body.js'
import { unreadableResponse } from './request-errors.js'
import { checkResponse, longestResponse } from './response-check.js'
import { moment, type ServerClock } from './server-clock.js'

/** Next to the request handler, inside the retries. */
const PLACE = { name: 'sessionStoreResponseCheck', step: 'deserialize', priority: 'low' } as const

/**
 * Makes the SDK reject a response to this command that is not DynamoDB's. Passes the date of each response to the clock.
 * The middleware of the client stays as it is. A mock of the client, or of the command, runs no middleware.
 */
export function addCheck(command: GetItemCommand, clock: ServerClock): void {
  command.middlewareStack?.add(checkWith(clock), PLACE)
}

/**
 * Checks the items of an output, or of a failed condition. A mock of the client has no raw response to check.
 *
 * @throws {UnreadableAnswerError}
 */
export function checkItems(output: unknown, operation: Operation, input: Input): void {
  if (output instanceof Error && !isConditionFailed(output)) return
  if (typeof output !== 'object' || output === null) return
  const problem = itemProblem(output, operation, input)
  if (problem === undefined) return
  const { $metadata } = output as { $metadata?: { httpStatusCode?: number } }
  throw unreadableResponse(operation, input, $metadata?.httpStatusCode ?? 0, problem)
}

type Next = (args: {
  request: unknown
  input: GetItemCommandInput
}) => Promise<{ response: unknown; output?: GetItemCommandOutput }>

interface HttpResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: unknown
}

function checkWith(clock: ServerClock) {
  return (next: Next, { commandName }: { commandName?: string }): Next => {
    const operation = commandName?.replace(/Command$/, '') as Operation
    return async (args) => {
      const sent = moment()
      const result = await next(args)
      const response = (result.response ?? {}) as HttpResponse
      if (response.headers) clock.observe(response.headers.date, sent)
      const input: Input = args.input
      const connection = connectionOf(response.body)
      if (connection) closeOnSurplus(connection)
      const { statusCode: status } = response
      const headers = inLowerCase(response.headers)
      const body = typeof status === 'number' ? await readWhole(response.body, longestResponse(operation)) : undefined
      if (body === undefined) return result
      const problem = checkResponse({ status, headers, body }, operation, input)?.problem
      if (problem !== undefined) {
        connection?.destroy()
        throw unreadableResponse(operation, input, status, problem)
      }
      response.body = body
      return result
    }
  }
}
