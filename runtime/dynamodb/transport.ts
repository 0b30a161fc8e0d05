import type { Operation, Operations } from './operations.js'

export interface SendOptions {
  /** When aborted before the response, the request rejects with an `AbortError`, as the SDK's does. */
  readonly abortSignal?: AbortSignal
  /**
   * The latest end of the request, by the clock `monotonic()`.
   *
   * @default `request_timeout` from now
   */
  readonly deadline?: number
}

/**
 * Sends requests for items. Each transport gives the SDK's outputs and errors, with `$metadata`. A response that is not
 * DynamoDB's is an UnreadableAnswerError. A request that reaches its deadline is a RequestTimeoutError.
 */
export interface Transport {
  /**
   * Whether the transport sends without the SDK. No code of the application sees these requests, so one of them may serve
   * several HTTP requests.
   */
  readonly isLean: boolean
  /**
   * Calls `start` as soon as a connection is free, in the order of the calls. The connection is for the request that `start`
   * sends with {@link send} before it returns.
   *
   * @returns a function that takes `start` out of the queue
   */
  inTurn(start: () => void): () => void
  send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    options?: SendOptions,
  ): Promise<Operations[O]['output']>
}
