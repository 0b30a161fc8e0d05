import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What happens to a request instead of simply reaching the engine.
 *
 * - `error`: the engine is not asked; the answer is this error of AWS, as `ThrottlingException`. `status` is 400 unless
 *   given (AWS answers 400 to nearly everything; 500 and 503 make the SDK repeat the request).
 * - `drop`: the connection breaks, `before` the engine sees the request or `after` it has carried it out.
 * - `delay`: the engine is asked this many milliseconds later.
 * - `answer`: the engine is not asked; the answer is this JSON, with HTTP status 200.
 * - `change`: the engine is asked, and its answer, if it is no error, is changed by this function.
 */
export type Fault =
  | { readonly error: string; readonly message?: string; readonly status?: number }
  | { readonly drop: 'before' | 'after' }
  | { readonly delay: number }
  | { readonly answer: object }
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of the answer that it changes
  | { readonly change: (answer: any) => object }

export interface FaultOptions {
  /** For how many requests the fault lasts. Default 1; `Infinity` for all. */
  readonly times?: number
  /** How many matching requests pass first. Default 0. */
  readonly after?: number
  /** Which requests of the operation are meant, by their input. Default: all. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of the input that it looks for
  readonly when?: (input: any) => boolean
}

/** A request as the proxy saw it; one that the SDK repeats is there several times. */
export interface SeenRequest {
  /** `CreateTable`, `GetItem` … */
  readonly operation: string
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of the input that it looks at
  readonly input: any
}

export interface FaultProxy {
  /** URL to use as the endpoint in place of the engine's. */
  readonly endpoint: string
  readonly requests: readonly SeenRequest[]
  /** The names of the operations in the order in which they came. */
  readonly operations: readonly string[]
  /**
   * Arranges a fault. Of several for the same operation the first one that still lasts is applied.
   *
   * @param operation `GetItem` …, or `*` for any
   */
  inject(operation: string, fault: Fault, options?: FaultOptions): void
  /** Forgets all faults and requests. */
  reset(): void
  stop(): Promise<void>
}

/** Starts an HTTP proxy in front of a real engine that can do to requests what networks and AWS do to them. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const requests: SeenRequest[] = []
  const rules: Rule[] = []

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await read(incoming)
    const seen = { operation: operationOf(incoming), input: jsonOf(body) }
    requests.push(seen)
    const fault = rules.find((rule) => rule.applies(seen))?.fault
    if (fault && 'error' in fault) return sendError(outgoing, fault.error, fault.message, fault.status)
    if (fault && 'answer' in fault) return send(outgoing, 200, fault.answer)
    if (fault && 'drop' in fault && fault.drop === 'before') return drop(outgoing)
    if (fault && 'delay' in fault) await sleep(fault.delay)
    const answer = await forward(target, incoming, body)
    if (fault && 'drop' in fault) return drop(outgoing)
    if (fault && 'change' in fault && answer.status === 200)
      return send(outgoing, 200, fault.change(jsonOf(answer.body)))
    outgoing.writeHead(answer.status, answer.headers)
    outgoing.end(answer.body)
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const { port } = server.address() as AddressInfo

  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    get operations() {
      return requests.map(({ operation }) => operation)
    },
    inject: (operation, fault, options) => void rules.push(new Rule(operation, fault, options)),
    reset() {
      requests.length = 0
      rules.length = 0
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

class Rule {
  readonly fault: Fault
  readonly #operation: string
  readonly #when: NonNullable<FaultOptions['when']>
  #toPass: number
  #toHit: number

  constructor(operation: string, fault: Fault, { times = 1, after = 0, when = () => true }: FaultOptions = {}) {
    this.fault = fault
    this.#operation = operation
    this.#when = when
    this.#toPass = after
    this.#toHit = times
  }

  /** Whether the fault is for this request, which is counted then. */
  applies({ operation, input }: SeenRequest): boolean {
    if (this.#operation !== '*' && this.#operation !== operation) return false
    if (this.#toHit <= 0 || !this.#when(input)) return false
    if (this.#toPass > 0) {
      this.#toPass -= 1
      return false
    }
    this.#toHit -= 1
    return true
  }
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

/** Every request has a connection of its own to the engine, so that none fails because an idle one was closed. */
function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url = '/' } = incoming
    const headers = { ...incoming.headers, connection: 'close' }
    const onward = request(new URL(url, target), { method, headers, agent: false }, (response) => {
      const { connection: _, 'transfer-encoding': __, ...passedOn } = response.headers
      read(response).then(
        (answer) => resolve({ status: response.statusCode ?? 502, headers: passedOn, body: answer }),
        reject,
      )
    })
    onward.once('error', reject)
    onward.end(body)
  })
}

function send(outgoing: ServerResponse, status: number, answer: object): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  outgoing.end(JSON.stringify(answer))
}

function sendError(outgoing: ServerResponse, name: string, message = '', status = 400): void {
  send(outgoing, status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message })
}

/** The client sees its connection break without an answer. */
function drop(outgoing: ServerResponse): void {
  outgoing.socket?.destroy()
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** `X-Amz-Target: DynamoDB_20120810.CreateTable` → `CreateTable` */
function operationOf({ headers }: IncomingMessage): string {
  return String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
