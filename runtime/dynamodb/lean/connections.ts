import { Agent, Pool } from 'undici'
import { Answer } from './answer.js'
import { type Carrying, Connection } from './connection.js'
import type { Handler, Timeouts } from './exchange.js'
import type { HttpRequest, Received } from './http.js'

/** As many as the SDK's default handler has to one host. */
const MOST_SOCKETS = 50

/** Milliseconds that an idle socket stays open. It does not keep the process alive. */
const IDLE = 60_000

/** By what the handler was configured with. */
const ALL = new WeakMap<object, Connections>()

/** Connections kept open by undici in place of those of the SDK's default request handler. */
export class Connections {
  readonly #timeouts: Timeouts
  #agent: Agent | undefined
  #busy = 0
  readonly #waiting: { request: HttpRequest; answer: Answer }[] = []

  /** Those that stand in for this handler: one set, which `client.destroy()` closes. */
  static of(handler: Handler, timeouts: Timeouts): Connections {
    const configured = handler.configProvider ?? handler
    let connections = ALL.get(configured)
    if (!connections) {
      connections = new Connections(timeouts)
      closeWith(handler, connections)
      ALL.set(configured, connections)
    }
    return connections
  }

  private constructor(timeouts: Timeouts) {
    this.#timeouts = timeouts
  }

  /** Requests wait here, not in undici, which would open a connection even for one that was given up meanwhile. */
  exchange(request: HttpRequest, abortSignal: AbortSignal | undefined, most: number): Promise<Received> {
    return new Promise((resolve, reject) => {
      const answer = new Answer({
        requestTimeout: this.#timeouts.requestTimeout,
        abortSignal,
        most,
        resolve,
        reject,
        ended: this.#ended,
      })
      if (!answer.awaited) return
      if (this.#busy < MOST_SOCKETS) this.#dispatch(request, answer)
      else this.#waiting.push({ request, answer })
    })
  }

  #dispatch(request: HttpRequest, answer: Answer): void {
    this.#busy += 1
    this.#agent ??= this.#open()
    const { path, headers } = request
    try {
      const body = request.body as Uint8Array
      const options: Carrying = { origin: originOf(request), path, method: 'POST', headers, body, answer }
      this.#agent.dispatch(options, answer)
    } catch (error) {
      queueMicrotask(() => answer.onResponseError(undefined, error as Error))
    }
  }

  readonly #ended = (): void => {
    this.#busy -= 1
    while (this.#busy < MOST_SOCKETS) {
      const next = this.#waiting.shift()
      if (!next) return
      if (next.answer.awaited) this.#dispatch(next.request, next.answer)
    }
  }

  /** Like `destroy` of the SDK's handler: what is under way ends, and a later request opens connections again. */
  destroy(): void {
    const agent = this.#agent
    this.#agent = undefined
    for (const { answer } of this.#waiting.splice(0)) answer.refuse()
    agent?.destroy().catch(() => {})
  }

  #open(): Agent {
    const { connectionTimeout = 0, requestTimeout, socketTimeout } = this.#timeouts
    return new Agent({
      connections: MOST_SOCKETS,
      // One request at a time: then whatever arrives on an idle connection closes it.
      pipelining: 1,
      factory: (origin, options: Pool.Options) => new Pool(origin, { ...options, factory: connectionTo }),
      keepAliveTimeout: IDLE,
      connect: { timeout: connectionTimeout },
      // How long the headers may take is up to Answer, which counts the time until there is a socket, too.
      headersTimeout: socketTimeout ?? 0,
      bodyTimeout: socketTimeout ?? requestTimeout ?? 0,
    })
  }
}

function connectionTo(origin: URL, options: object): Connection {
  return new Connection(origin, options)
}

function originOf({ protocol, hostname, port }: HttpRequest): string {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`
}

function closeWith(handler: Handler, connections: Connections): void {
  const destroy = handler.destroy
  handler.destroy = function (this: Handler) {
    connections.destroy()
    destroy?.call(this)
  }
}
