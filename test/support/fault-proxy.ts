import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { listen } from './adapters/listen.js'

/** Of the event loop: within so many, whoever was answered has sent what it sends next. */
const TURNS = 20

/**
 * What happens to a request instead of simply reaching the engine.
 *
 * - `error`: the engine is not asked; the answer is this error of AWS, as `ThrottlingException`. `status` is 400 unless
 *   given (AWS answers 400 to nearly everything; 500 and 503 make the SDK repeat the request).
 * - `drop`: the connection breaks, `before` the engine sees the request or `after` it has carried it out.
 * - `hang`: no answer comes, in the same two ways.
 * - `garbage`: the answer, with HTTP status 200, is HTML, in the same two ways.
 * - `delay`: the engine is asked this many milliseconds later, or after what the function waits for.
 * - `answer`: the engine is not asked; the answer is this JSON, with HTTP status 200.
 * - `change`: the engine is asked, and its answer, if it is no error, is changed by this function. A text is sent as it is.
 */
export type Fault =
  | { readonly error: string; readonly message?: string; readonly status?: number }
  | { readonly drop: 'before' | 'after' }
  | { readonly hang: 'before' | 'after' }
  | { readonly garbage: 'before' | 'after' }
  | { readonly delay: number | (() => Promise<unknown>) }
  | { readonly answer: object }
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of the answer that it changes
  | { readonly change: (answer: any) => object | string }

export interface FaultOptions {
  /** For how many requests the fault lasts. Default 1; `Infinity` for all. */
  readonly times?: number
  /** How many matching requests pass first. Default 0. */
  readonly after?: number
  /** Which requests of the operation are meant, by their input. Default: all. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of the input that it looks for
  readonly when?: (input: any) => boolean
  /** What others do before the client notices the fault. */
  readonly meanwhile?: () => Promise<unknown>
}

/** A request as the proxy saw it; one that the SDK repeats is there several times. */
export interface SeenRequest {
  /** `CreateTable`, `GetItem` … */
  readonly operation: string
  readonly headers: IncomingHttpHeaders
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
  /** Dates all answers by this clock from now on; undefined: answers have no `Date`. Default: as the engine dates them. */
  dateBy(clock: () => number | undefined): void
  /** Waits until the engine has been asked everything that it will be, also by requests that nobody waits for. */
  quiet(): Promise<void>
  /** Forgets all faults and requests. */
  reset(): void
  stop(): Promise<void>
}

/** Starts an HTTP proxy in front of a real engine that can do to requests what networks and AWS do to them. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const requests: SeenRequest[] = []
  const rules: Rule[] = []
  const open = new Set<Promise<void>>()
  let clock: (() => number | undefined) | undefined
  let received = 0

  const server = createServer((incoming, outgoing) => {
    const handled = handle(incoming, outgoing)
      .catch(() => void outgoing.destroy())
      .finally(() => open.delete(handled))
    open.add(handled)
  })

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await read(incoming)
    const seen = { operation: operationOf(incoming), headers: incoming.headers, input: jsonOf(body) }
    requests.push(seen)
    received += 1
    const rule = rules.find((rule) => rule.applies(seen))
    const answer = rule && !reachesEngine(rule.fault) ? undefined : await ask(rule, incoming, body)
    await rule?.meanwhile?.()
    if (clock) redate(outgoing, clock(), answer)
    if (rule && hurt(outgoing, rule.fault, answer)) return
    outgoing.writeHead(answer?.status ?? 502, answer?.headers)
    outgoing.end(answer?.body)
  }

  async function ask(rule: Rule | undefined, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    if (rule && 'delay' in rule.fault) {
      const { delay } = rule.fault
      await (typeof delay === 'number' ? sleep(delay) : delay())
    }
    return forward(target, incoming, body)
  }

  const port = await listen(server)

  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    get operations() {
      return requests.map(({ operation }) => operation)
    },
    inject: (operation, fault, options) => void rules.push(new Rule(operation, fault, options)),
    dateBy: (next) => {
      clock = next
    },
    async quiet() {
      for (let seen = -1; seen !== received; ) {
        seen = received
        for (let turn = 0; turn < TURNS; turn += 1) await nextTurn()
        await Promise.all(open)
      }
    },
    reset() {
      requests.length = 0
      rules.length = 0
      clock = undefined
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function reachesEngine(fault: Fault): boolean {
  const [when] = Object.values(fault)
  return when !== 'before' && !('error' in fault) && !('answer' in fault)
}

/** Answers as the fault wants it, or not at all; false where the engine's answer is to be passed on. */
function hurt(outgoing: ServerResponse, fault: Fault, answer: Answer | undefined): boolean {
  if ('error' in fault) sendError(outgoing, fault.error, fault.message, fault.status)
  else if ('answer' in fault) send(outgoing, 200, fault.answer)
  else if ('drop' in fault) drop(outgoing)
  else if ('garbage' in fault) send(outgoing, 200, GARBAGE)
  else if ('change' in fault && answer?.status === 200) send(outgoing, 200, fault.change(jsonOf(answer.body)))
  else return 'hang' in fault
  return true
}

const GARBAGE = '<!doctype html><title>Sign in to the network</title>'

class Rule {
  readonly fault: Fault
  readonly meanwhile: FaultOptions['meanwhile']
  readonly #operation: string
  readonly #when: NonNullable<FaultOptions['when']>
  #toPass: number
  #toHit: number

  constructor(
    operation: string,
    fault: Fault,
    { times = 1, after = 0, when = () => true, meanwhile }: FaultOptions = {},
  ) {
    this.fault = fault
    this.meanwhile = meanwhile
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

function redate(outgoing: ServerResponse, time: number | undefined, answer: Answer | undefined): void {
  outgoing.sendDate = false
  if (time !== undefined) outgoing.setHeader('date', new Date(time).toUTCString())
  delete answer?.headers.date
}

function send(outgoing: ServerResponse, status: number, answer: object | string): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  outgoing.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
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
