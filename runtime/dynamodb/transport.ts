import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandInput,
  type BatchExecuteStatementCommandOutput,
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DeleteItemCommandOutput,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  PutItemCommand,
  type PutItemCommandInput,
  type PutItemCommandOutput,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  type ScanCommandInput,
  type ScanCommandOutput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { addCheck, checkItems } from './checked-command.js'
import { hasFixedEndpoint } from './client.js'
import { loadOptional } from './optional-module.js'
import { watchCommand } from './server-clock.js'
import { withoutAnswer } from './unreadable-answer.js'

/** The operations that a transport sends: those of items. Tables are made and looked at with the SDK's client. */
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

export interface SendOptions {
  /** Rejects with an `AbortError`, as the SDK does, when it is aborted before the answer has come. */
  readonly abortSignal?: AbortSignal
  /** When the request ends at the latest, as `monotonic()`; not given: `request_timeout` from now. */
  readonly deadline?: number
}

/**
 * Sends requests for items. Answers and errors are the SDK's, `$metadata` included, whichever transport it is; an answer
 * that is not DynamoDB's is an UnreadableAnswerError.
 */
export interface Transport {
  /** Whether requests go past the SDK at present. */
  readonly isLean: boolean
  /**
   * Whether one request may stand for those of several HTTP requests at present: nothing of the application (tracing, a
   * mock, a request handler) sees it or chooses its endpoint.
   */
  readonly mayMerge: boolean
  /**
   * Calls `start` at once when a connection is free, else as soon as one is: requests wait in their order. What `start`
   * sends with {@link send}, before it returns, is the request that gets the connection.
   *
   * @returns takes `start` out of the queue
   */
  inTurn(start: () => void): () => void
  send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    options?: SendOptions,
  ): Promise<Operations[O]['output']>
}

/** What the lean transport answers to a request that it leaves to the SDK; it has sent nothing then. */
export interface LeanTransport {
  /** Whether it has sent a request of the client as the client is now. */
  isInUse(): boolean
  /** See {@link Transport}. */
  mayMerge(): boolean
  send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    options?: SendOptions,
  ): Promise<Operations[O]['output'] | undefined>
}

export const COMMANDS = {
  BatchExecuteStatement: BatchExecuteStatementCommand,
  BatchGetItem: BatchGetItemCommand,
  DeleteItem: DeleteItemCommand,
  GetItem: GetItemCommand,
  PutItem: PutItemCommand,
  Query: QueryCommand,
  Scan: ScanCommand,
  UpdateItem: UpdateItemCommand,
} as const

/** The transport that the option `transport` asks for. */
export function transportFor({ transport }: Pick<Configuration, 'transport'>, client: DynamoDBClient): Transport {
  const sdk = new SdkTransport(client)
  return transport === 'sdk' ? sdk : new LeanWherePossible(client, sdk)
}

class SdkTransport implements Transport {
  readonly isLean = false
  readonly mayMerge = false
  inTurn(start: () => void): () => void {
    start()
    return () => undefined
  }
  readonly #client: Pick<DynamoDBClient, 'send'> & { readonly config?: DynamoDBClient['config'] }

  constructor(client: DynamoDBClient) {
    this.#client = client
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    options?: SendOptions,
  ): Promise<Operations[O]['output']> {
    const Command = COMMANDS[operation] as unknown as new (input: object) => GetItemCommand
    const command = new Command(input)
    watchCommand(command, this.#client)
    addCheck(command)
    const given = options ?? this.#uncached()
    try {
      const answer: unknown = await (given ? this.#client.send(command, given) : this.#client.send(command))
      checkItems(answer, operation, input)
      return answer as Operations[O]['output']
    } catch (error) {
      checkItems(error, operation, input)
      throw withoutAnswer(error, operation, input)
    }
  }

  /** With `cacheMiddleware` a client keeps the middleware of the first command of a class, which may lack the check. */
  #uncached(): SendOptions | undefined {
    const { config } = this.#client
    return config?.cacheMiddleware && !hasFixedEndpoint(this.#client as DynamoDBClient) ? {} : undefined
  }
}

const WITHOUT_LEAN =
  'dynamo-session-store could not load its lean transport, and sends by the AWS SDK, which takes more CPU time. In Jest, ' +
  'see "Tests with Jest" in the README'

/** Its parts are loaded with the first request that can use them. */
class LeanWherePossible implements Transport {
  readonly #client: DynamoDBClient
  readonly #sdk: SdkTransport
  /** null: it could not be loaded. */
  #lean: LeanTransport | null | undefined

  constructor(client: DynamoDBClient, sdk: SdkTransport) {
    this.#client = client
    this.#sdk = sdk
  }

  get isLean(): boolean {
    return this.#isUntouched() && this.#lean?.isInUse() === true
  }

  get mayMerge(): boolean {
    return this.#isUntouched() && this.#lean?.mayMerge() === true
  }

  inTurn(start: () => void): () => void {
    start()
    return () => undefined
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    options?: SendOptions,
  ): Promise<Operations[O]['output']> {
    if (!this.#isUntouched()) return await this.#sdk.send(operation, input, options)
    if (this.#lean === undefined) {
      const modules = await loadOptional(() => import('./lean/lean-requests.js'), WITHOUT_LEAN)
      this.#lean = modules?.leanTransportOf(this.#client) ?? null
    }
    return (await this.#lean?.send(operation, input, options)) ?? (await this.#sdk.send(operation, input, options))
  }

  /** Asked each time: aws-sdk-client-mock and spies come and go. */
  #isUntouched(): boolean {
    return SDK_SEND !== undefined && this.#client.send === SDK_SEND && this.#client.config !== undefined
  }
}

/**
 * The SDK's own `send`; undefined when somebody (tracing, a mock) had wrapped it before this file was loaded. Wrappers
 * may carry the name and length over, but not the text.
 */
const SDK_SEND = pristine(DynamoDBClient.prototype?.send)

function pristine(send: DynamoDBClient['send'] | undefined): DynamoDBClient['send'] | undefined {
  if (typeof send !== 'function' || Reflect.ownKeys(send).length > 2) return undefined
  const text = Function.prototype.toString.call(send)
  return /^send\(/.test(text) && text.includes('.resolveMiddleware(') ? send : undefined
}
