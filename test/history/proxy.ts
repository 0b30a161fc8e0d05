import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { hashSessionId } from '../../runtime/session/item/session-id.js'
import { listen } from '../support/adapters/listen.js'
import { type Answer, error, JSON_TYPE } from './answer.js'
import { Breaker, type ProxyBreakage } from './breaker.js'
import type { Random } from './random.js'

export const FAULTS = ['delay', 'throttle', 'before', 'after', 'reset', 'garble', 'extra'] as const
export type FaultName = (typeof FAULTS)[number]

/** How often each fault happens to a request, of 1. */
export type Rates = Readonly<Partial<Record<FaultName, number>>>

export interface ProxySettings {
  readonly target: string
  readonly random: Random
  readonly rates: Rates
  /** Whether a request is carried out although its server has given it up, and repeated it perhaps. */
  readonly late: boolean
  readonly breakage?: ProxyBreakage | undefined
}

export interface LateRequest {
  readonly operation: string
  /** Hash of the session id. */
  readonly cookie: string
  /** Milliseconds, as the times of the clients' operations. */
  readonly at: number
}

export interface HistoryProxy {
  readonly endpoint: string
  /** How many requests there were of each operation. */
  readonly requests: Readonly<Record<string, number>>
  /** How many of each fault there were. */
  readonly counts: Readonly<Record<string, number>>
  /** Requests that were carried out late. */
  readonly late: readonly LateRequest[]
  /** Multiplies the rates from now on. */
  worsen(factor: number): void
  stop(): Promise<void>
}

/** How many answers are kept to be given to somebody else. */
const MOST_EARLIER = 1000

/** A session that nobody asked for in this time has expired. Milliseconds. */
const OVER_AFTER = 20_000

/** The keys of all items in a request or an answer. */
function keysIn(text: string): string[] {
  return [...text.matchAll(/"session_id":\{"S":"([^"]+)"\}/g)].map(([, key = '']) => key)
}

/**
 * Stands between servers and engine, and does to requests what networks, AWS and things in between do to them: at
 * random, and now and then to several requests for one session in a row, so that retries do not help.
 */
export async function startHistoryProxy({
  target,
  random,
  rates,
  late: isLateAllowed,
  breakage,
}: ProxySettings): Promise<HistoryProxy> {
  const pool = new Pool(target, { connections: 64, pipelining: 1 })
  const counts: Record<string, number> = {}
  const breaker = breakage && new Breaker(breakage, random)
  let factor = 1
  const requests: Record<string, number> = {}
  const late: LateRequest[] = []
  /** Several requests in a row for one key fail in the same way. */
  let unlucky: { key: string; fault: FaultName; left: number } | undefined
  /** Answers to GetItem and BatchGetItem, to be given to somebody else. */
  const earlier: Answer[] = []
  /** When an item was last asked for, by its key. */
  const asked = new Map<string, number>()

  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }

  function faultFor(body: string): FaultName | undefined {
    const key = keyIn(body)
    if (unlucky && key === unlucky.key && unlucky.left > 0) {
      unlucky.left -= 1
      return unlucky.fault
    }
    for (const [name, rate] of Object.entries(rates) as [FaultName, number][]) {
      if (!random.chance(rate * factor)) continue
      if (key !== undefined && (name === 'before' || name === 'after' || name === 'garble') && random.chance(0.2)) {
        unlucky = { key, fault: name, left: 1 + random.integer(5) }
      }
      return name
    }
    return undefined
  }

  async function ask(headers: Record<string, string>, body: string): Promise<Answer> {
    const answer = await pool.request({ path: '/', method: 'POST', headers, body })
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    return { status: answer.statusCode, headers: passedOn(answer.headers), body: bytes }
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const given = await read(incoming)
    const operation = String(incoming.headers['x-amz-target'] ?? '').replace(/^.*\./, '')
    const headers = passedOn(incoming.headers)
    requests[operation] = (requests[operation] ?? 0) + 1
    const broken = await breaker?.handle(operation, given, (body) => ask(headers, body))
    if (broken) return send(outgoing, broken)
    const body = given
    for (const key of keysIn(body)) asked.set(key, performance.now())
    const fault = faultFor(body)
    if (fault === undefined) return send(outgoing, await remembered(operation, () => ask(headers, body)))
    count(fault)
    if (fault === 'delay') {
      const isAnswerDelayed = random.chance(0.5)
      const time = random.chance(0.1) ? random.between(200, 900) : random.between(2, 120)
      if (isAnswerDelayed) {
        const answer = await ask(headers, body)
        await sleep(time)
        return send(outgoing, answer)
      }
      await sleep(time)
      if (outgoing.closed) {
        count('given up')
        if (!isLateAllowed) return
        late.push({ operation, cookie: hashSessionId(keyIn(body) ?? ''), at: performance.now() })
      }
      return send(outgoing, await ask(headers, body))
    }
    if (fault === 'throttle') return send(outgoing, error(400, random.pick(THROTTLING)))
    if (fault === 'before') return fail(outgoing)
    if (fault === 'after') {
      await ask(headers, body)
      return fail(outgoing)
    }
    if (fault === 'reset') {
      if (random.chance(0.5)) await ask(headers, body)
      outgoing.socket?.resetAndDestroy()
      return
    }
    if (fault === 'extra') return sendTwo(outgoing, await ask(headers, body))
    await garble(outgoing, operation, () => ask(headers, body))
  }

  async function remembered(operation: string, asking: () => Promise<Answer>): Promise<Answer> {
    const answer = await asking()
    const isRead = /^(Batch)?GetItem$/.test(operation) && answer.status === 200
    // An answer without items is the same for everybody, so nobody can tell that it was meant for somebody else.
    if (isRead && keysIn(answer.body.toString()).length > 0 && random.chance(0.05))
      earlier[random.integer(MOST_EARLIER)] = answer
    return answer
  }

  function fail(outgoing: ServerResponse): void {
    if (random.chance(0.5)) send(outgoing, error(500, 'InternalServerError'))
    else outgoing.socket?.destroy()
  }

  /**
   * A genuine answer about sessions that nobody asks for any more. An older answer about the same session can't be told
   * from a new one (docs/reliability.md, "Wrong responses that can't be detected"), so it is not among the faults.
   */
  function stranger(): Answer | undefined {
    const isOver = (key: string) => performance.now() - (asked.get(key) ?? 0) > OVER_AFTER
    for (let attempt = 0; attempt < 30; attempt += 1) {
      const answer = earlier[random.integer(MOST_EARLIER)]
      if (answer && keysIn(answer.body.toString()).every(isOver)) return answer
    }
    return undefined
  }

  /** One answer too many, which whoever asks next on this connection would take for its own. */
  function sendTwo(outgoing: ServerResponse, answer: Answer): void {
    const { socket } = outgoing
    const second = stranger()
    const wait = random.chance(0.5) ? 0 : random.between(1, 60)
    outgoing.once('finish', () => {
      setTimeout(() => {
        if (second && socket?.writable) socket.write(raw(second))
      }, wait)
    })
    send(outgoing, answer)
  }

  async function garble(outgoing: ServerResponse, operation: string, asking: () => Promise<Answer>): Promise<void> {
    const answer = random.chance(0.5) ? await asking() : undefined
    const kind = random.pick([
      'foreign',
      'empty',
      'no content',
      'null',
      'list',
      'html',
      'truncated',
      'changed',
      'other',
    ])
    count(`garble: ${kind}`)
    const ok = (body: string, type = JSON_TYPE): Answer => ({
      status: 200,
      headers: { 'content-type': type },
      body: Buffer.from(body),
    })
    if (kind === 'foreign') return send(outgoing, ok('{"status":"UP"}', random.pick([JSON_TYPE, 'application/json'])))
    if (kind === 'empty') return send(outgoing, ok('', random.pick([JSON_TYPE, 'text/plain'])))
    if (kind === 'no content') return send(outgoing, { status: 204, headers: {}, body: Buffer.alloc(0) })
    if (kind === 'null') return send(outgoing, ok('null'))
    if (kind === 'list') return send(outgoing, ok('[]'))
    if (kind === 'html') return send(outgoing, ok('<!doctype html><title>Sign in</title>', 'text/html'))
    const true_ = answer ?? (await asking())
    if (kind === 'truncated') {
      const body = true_.body.subarray(0, random.integer(Math.max(1, true_.body.length)))
      return send(outgoing, { ...true_, body })
    }
    if (kind === 'changed') {
      const text = true_.body.toString()
      const changed = text.replace(/"k(\d+)\\":\d+/, '"k$1\\":0')
      return send(outgoing, { ...true_, body: Buffer.from(changed === text ? `${text.slice(0, -1)},"x":1}` : changed) })
    }
    // A genuine answer that belongs to somebody else's request.
    send(outgoing, stranger() ?? true_)
    void operation
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => void outgoing.destroy())
  })
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    counts,
    late,
    worsen: (by) => {
      factor = by
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await pool.destroy()
    },
  }
}

const THROTTLING = ['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded']

function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': body.length })
  outgoing.end(body)
}

function raw({ status, headers, body }: Answer): Buffer {
  const lines = Object.entries({ ...headers, 'content-length': String(body.length) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines.join('')}\r\n`), body])
}

const HOPS = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect', 'date']

function passedOn(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers).filter(([name, value]) => value !== undefined && !HOPS.includes(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

function keyIn(body: string): string | undefined {
  return /"session_id":\{"S":"([^"]+)"/.exec(body)?.[1]
}

async function read(stream: IncomingMessage): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) text += chunk
  return text
}
