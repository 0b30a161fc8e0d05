import type { GetItemCommand, GetItemCommandInput, GetItemCommandOutput } from '@aws-sdk/client-dynamodb'
import { judge, longestAnswer } from './answer-check.js'
import { isConditionFailed } from './error-facts.js'
import { itemProblem } from './item-check.js'
import type { Input, Operation } from './operations.js'
import { closeOnSurplus, connectionOf, inLowerCase, readWhole } from './raw-body.js'
import { moment, type ServerClock } from './server-clock.js'
import { unreadableAnswer } from './unreadable-answer.js'

/** Next to the request handler, inside of the retries. */
const PLACE = { name: 'sessionStoreAnswerCheck', step: 'deserialize', priority: 'low' } as const

/**
 * Lets the SDK believe the answer to this command only when it is DynamoDB's, and has the clock judged by every answer. The
 * client's own stack stays as it is. A mock of the client, or of the command, runs no middleware.
 */
export function addCheck(command: GetItemCommand, clock: ServerClock): void {
  command.middlewareStack?.add(checkWith(clock), PLACE)
}

/**
 * Checks the items of an answer, or of a failed condition. A client that is mocked has no raw answer to judge.
 *
 * @throws {UnreadableAnswerError}
 */
export function checkItems(answer: unknown, operation: Operation, input: Input): void {
  if (answer instanceof Error && !isConditionFailed(answer)) return
  if (typeof answer !== 'object' || answer === null) return
  const problem = itemProblem(answer, operation, input)
  if (problem !== undefined) throw unreadableAnswer(operation, input, statusOf(answer), problem)
}

type Next = (args: {
  request: unknown
  input: GetItemCommandInput
}) => Promise<{ response: unknown; output?: GetItemCommandOutput }>

function checkWith(clock: ServerClock) {
  return (next: Next, { commandName }: { commandName?: string }): Next => {
    const operation = commandName?.replace(/Command$/, '') as Operation
    return async (args) => {
      const sent = moment()
      const result = await next(args)
      const response = (result.response ?? {}) as Response
      if (response.headers) clock.observe(response.headers.date, sent)
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
}

interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: unknown
}

function statusOf({ $metadata }: { $metadata?: { httpStatusCode?: number } }): number {
  return $metadata?.httpStatusCode ?? 0
}
