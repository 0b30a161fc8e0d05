import type { Input, Operation, Operations } from '../../runtime/dynamodb/operations.js'
import type { SendOptions, Transport } from '../../runtime/dynamodb/transport.js'
import type { Item } from '../../runtime/session/item/session-record.js'

type Output = Operations[Operation]['output']

/** A request that has a connection. The test answers it. */
export interface SentRequest {
  readonly operation: Operation
  readonly input: Input
  readonly deadline: number | undefined
  /** Values of the partition key that it reads, where it is a GetItem or a BatchGetItem. */
  readonly keys: readonly string[]
  /** @param output default: the items of {@link FakeTransport.items} */
  answer(output?: object): void
  fail(error: unknown): void
}

/**
 * A transport without DynamoDB. Requests wait for connections in their order; none ends by itself, not even by its deadline.
 */
export class FakeTransport implements Transport {
  isLean = true
  /** Requests at a time. */
  connections = Number.POSITIVE_INFINITY
  /** Requests that got a connection, in their order. */
  readonly requests: SentRequest[] = []
  /** What waits for a connection. */
  readonly queue: (() => void)[] = []
  readonly items = new Map<string, Item>()
  #busy = 0
  #seen = 0

  inTurn(start: () => void): () => void {
    if (this.#busy < this.connections) start()
    else this.queue.push(start)
    return () => {
      const place = this.queue.indexOf(start)
      if (place >= 0) this.queue.splice(place, 1)
    }
  }

  send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    { deadline }: SendOptions = {},
  ): Promise<Operations[O]['output']> {
    return new Promise((resolve, reject) => {
      const answer = (output: object = this.#outputFor(input)) => {
        this.#end()
        resolve(output as Output)
      }
      const fail = (error: unknown) => {
        this.#end()
        reject(error)
      }
      this.inTurn(() => {
        this.#busy += 1
        this.requests.push({ operation, input, deadline, keys: keysOf(input), answer, fail })
      })
    })
  }

  /** Requests that got a connection since the last call: `GetItem a`, `BatchGetItem a b`. */
  sent(): string[] {
    const seen = this.#seen
    this.#seen = this.requests.length
    return this.requests.slice(seen).map(({ operation, keys }) => [operation, ...keys].join(' '))
  }

  /** Another request gets the connection before the caller knows the outcome, as in the real transport. */
  #end(): void {
    this.#busy -= 1
    while (this.#busy < this.connections && this.queue.length > 0) this.queue.shift()?.()
  }

  #outputFor(input: Input): object {
    const items = keysOf(input)
      .map((key) => this.items.get(key))
      .filter((item) => item !== undefined)
    if (!('RequestItems' in input)) return { Item: items[0] }
    return { Responses: { [Object.keys(input.RequestItems ?? {})[0] ?? '']: items } }
  }
}

function keysOf(input: Input): string[] {
  if ('RequestItems' in input) return Object.values(input.RequestItems ?? {}).flatMap(valuesOf)
  return 'Key' in input ? valuesOf({ Keys: [input.Key ?? {}] }) : []
}

function valuesOf(request: object): string[] {
  const { Keys = [] } = request as { Keys?: Item[] }
  return Keys.map((key) => Object.values(key)[0]?.S ?? '')
}
