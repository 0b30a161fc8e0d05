import {
  ConditionalCheckFailedException,
  type GetItemCommand,
  type GetItemCommandInput,
  type GetItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { judge, longestAnswer } from './answer-check.js'
import { itemProblem } from './item-check.js'
import { closeOnSurplus, connectionOf, inLowerCase, readWhole } from './raw-body.js'
import type { Input, Operation } from './transport.js'
import { unreadableAnswer } from './unreadable-answer.js'

/** Next to the request handler, inside of the retries. */
const PLACE = { name: 'sessionStoreAnswerCheck', step: 'deserialize', priority: 'low' } as const

/**
 * Lets the SDK believe the answer to this command only when it is DynamoDB's. The client's own stack stays as it is. A mock
 * of the client, or of the command, runs no middleware.
 */
export function addCheck(command: GetItemCommand): void {
  command.middlewareStack?.add(check, PLACE)
}

/**
 * Looks at the items of an answer, or of a failed condition, where nobody saw the raw answer.
 *
 * @throws {UnreadableAnswerError}
 */
export function checkItems(answer: unknown, operation: Operation, input: Input): void {
  if (answer instanceof Error && !(answer instanceof ConditionalCheckFailedException)) return
  if (typeof answer !== 'object' || answer === null) return
  const problem = itemProblem(answer, operation, input)
  if (problem !== undefined) throw unreadableAnswer(operation, input, statusOf(answer), problem)
}

type Next = (args: {
  request: unknown
  input: GetItemCommandInput
}) => Promise<{ response: unknown; output?: GetItemCommandOutput }>

/** Depends on its arguments alone, for a client with `cacheMiddleware` uses it for all commands of a class. */
const check = (next: Next, { commandName }: { commandName?: string }): Next => {
  const operation = commandName?.replace(/Command$/, '') as Operation
  return async (args) => {
    const result = await next(args)
    const response = (result.response ?? {}) as Response
    const input: Input = args.input
    const connection = connectionOf(response.body)
    if (connection) closeOnSurplus(connection)
    const { statusCode: status } = response
    const headers = inLowerCase(response.headers)
    const body = typeof status === 'number' ? await readWhole(response.body, longestAnswer(operation)) : undefined
    if (body === undefined) return result
    const problem = judge({ status, headers, body }, operation, input)?.problem
    if (problem !== undefined) {
      connection?.destroy()
      throw unreadableAnswer(operation, input, status, problem)
    }
    response.body = body
    return result
  }
}

interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: unknown
}

function statusOf({ $metadata }: { $metadata?: { httpStatusCode?: number } }): number {
  return $metadata?.httpStatusCode ?? 0
}
