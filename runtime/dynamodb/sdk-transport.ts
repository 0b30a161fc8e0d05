import type { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { monotonic } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { addCheck, checkItems } from './checked-command.js'
import { aborted } from './lean/retries.js'
import type { Operation, Operations } from './operations.js'
import { requestTimedOut } from './request-timeout.js'
import { loadSdk } from './sdk.js'
import type { ServerClock } from './server-clock.js'
import type { SendOptions, Transport } from './transport.js'
import { withoutAnswer } from './unreadable-answer.js'

/**
 * Sends requests with a client of the AWS SDK: one that the application handed over, or one for a configuration that only the
 * SDK understands. Nothing of the client is changed or looked into.
 */
export class SdkTransport implements Transport {
  readonly isLean = false
  readonly mayMerge = false
  readonly #client: () => Promise<DynamoDBClient>
  readonly #clock: ServerClock
  readonly #timeout: number
  readonly #running = new Set<AbortController>()

  constructor(client: () => Promise<DynamoDBClient>, clock: ServerClock, { requestTimeout }: Configuration) {
    this.#client = client
    this.#clock = clock
    this.#timeout = requestTimeout
  }

  /** The client has a queue of its own. */
  inTurn(start: () => void): () => void {
    start()
    return () => undefined
  }

  /** Aborts running requests, which the client would send again. */
  close(): void {
    for (const request of this.#running) request.abort()
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    { abortSignal, deadline = monotonic() + this.#timeout }: SendOptions = {},
  ): Promise<Operations[O]['output']> {
    const { commands } = await loadSdk()
    const client = await this.#client()
    const Command = commands[operation] as unknown as new (input: object) => GetItemCommand
    const command = new Command(input)
    addCheck(command, this.#clock)
    if (abortSignal?.aborted) throw aborted(abortSignal)
    const rest = deadline - monotonic()
    if (rest <= 0) throw requestTimedOut(operation, input, this.#timeout, false)
    const own = new AbortController()
    this.#running.add(own)
    const abort = () => own.abort(abortSignal?.reason)
    abortSignal?.addEventListener('abort', abort, { once: true })
    let timer: NodeJS.Timeout | undefined
    try {
      const answer = await new Promise<unknown>((resolve, reject) => {
        timer = setTimeout(() => {
          reject(requestTimedOut(operation, input, this.#timeout))
          own.abort()
        }, rest)
        // A client that is not the SDK's may ignore signals.
        own.signal.addEventListener('abort', () => reject(aborted(own.signal)), { once: true })
        Promise.resolve(client.send(command, { abortSignal: own.signal })).then(resolve, reject)
      })
      checkItems(answer, operation, input)
      return answer as Operations[O]['output']
    } catch (error) {
      checkItems(error, operation, input)
      throw withoutAnswer(error, operation, input)
    } finally {
      clearTimeout(timer)
      this.#running.delete(own)
      abortSignal?.removeEventListener('abort', abort)
    }
  }
}
