import type { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { monotonic } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { addCheck, checkItems } from './checked-command.js'
import type { Operation, Operations } from './operations.js'
import { requestTimedOut, withoutResponse } from './request-errors.js'
import { loadSdk } from './sdk.js'
import type { ServerClock } from './server-clock.js'
import type { SendOptions, Transport } from './transport.js'
import { aborted, withDeadline } from './with-deadline.js'

/**
 * Sends requests with a client of the AWS SDK. The client is the application's own, or made from a configuration that only
 * the SDK understands. The transport does not change the client.
 */
export class SdkTransport implements Transport {
  readonly isLean = false
  readonly #client: () => Promise<DynamoDBClient>
  readonly #clock: ServerClock
  readonly #timeout: number
  readonly #running = new Set<AbortController>()

  constructor(client: () => Promise<DynamoDBClient>, clock: ServerClock, { requestTimeout }: Configuration) {
    this.#client = client
    this.#clock = clock
    this.#timeout = requestTimeout
  }

  /** Starts at once, because the client has a queue of its own. */
  inTurn(start: () => void): () => void {
    start()
    return () => undefined
  }

  /** Aborts the running requests. Otherwise the client would send them again. */
  close(): void {
    for (const request of this.#running) request.abort()
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    { abortSignal, deadline = monotonic() + this.#timeout }: SendOptions = {},
  ): Promise<Operations[O]['output']> {
    const sdk = await loadSdk()
    const client = await this.#client()
    const Command = sdk[`${operation}Command`] as unknown as new (input: object) => GetItemCommand
    const command = new Command(input)
    addCheck(command, this.#clock)
    if (abortSignal?.aborted) throw aborted(abortSignal)
    const milliseconds = deadline - monotonic()
    if (milliseconds <= 0) throw requestTimedOut(operation, input, this.#timeout, false)
    const tooLate = () => requestTimedOut(operation, input, this.#timeout)
    const closing = new AbortController()
    this.#running.add(closing)
    const signal = abortSignal ? AbortSignal.any([abortSignal, closing.signal]) : closing.signal
    try {
      const output: unknown = await withDeadline({ milliseconds, tooLate, abortSignal: signal }, (ended) =>
        client.send(command, { abortSignal: ended }),
      )
      checkItems(output, operation, input)
      return output as Operations[O]['output']
    } catch (error) {
      checkItems(error, operation, input)
      throw withoutResponse(error, operation, input)
    } finally {
      this.#running.delete(closing)
    }
  }
}
