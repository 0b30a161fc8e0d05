import type { Operation, Operations } from './operations.js'

export type { Input, Operation, Operations } from './operations.js'

export interface SendOptions {
  /** Rejects with an `AbortError`, as the SDK does, when it is aborted before the answer has come. */
  readonly abortSignal?: AbortSignal
  /** When the request ends at the latest, as `monotonic()`; not given: `request_timeout` from now. */
  readonly deadline?: number
}

/**
 * Sends requests for items. Answers and errors are the SDK's, `$metadata` included, whichever transport it is; an answer
 * that is not DynamoDB's is an UnreadableAnswerError. Each request ends by its deadline, with a RequestTimeoutError.
 */
export interface Transport {
  /** Whether requests are sent without the SDK. */
  readonly isLean: boolean
  /** Whether one request may serve several HTTP requests, because no code of the application sees it. */
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
