import type { ServerResponse } from 'node:http'

/** Every call by which a response of Node begins to be sent. */
const STARTS = ['writeHead', 'write', 'end', 'flushHeaders'] as const

type Start = (typeof STARTS)[number]
type Method = (...given: unknown[]) => unknown
type Methods = Readonly<Record<Start, Method>>

/**
 * Holds a response back until something asynchronous is done that decides on a header: the first call that would send
 * the response starts it; that call and those behind it are carried out when it is through.
 *
 * Others put their own functions over those of the response, before or behind, and keep what they found there, as
 * `compression` does. So what is found here works for as long as the response does.
 */
export class ResponseHold {
  readonly #response: ServerResponse
  readonly #methods: Methods
  readonly #held: Methods
  readonly #before: () => Promise<string | undefined>
  readonly #onError: (error: unknown) => void
  readonly #calls: [name: Start, given: unknown[]][] = []
  /** Those who wait for `drain` with somebody else: `compression` takes them away to its own stream. */
  readonly #waiting: Method[] = []
  /** Open: calls go to the methods that were there before. Dropped: nothing more is sent of this answer. */
  #state: 'holding' | 'open' | 'dropped' = 'holding'
  #cookie: string | undefined
  #begun = false
  #ended = false

  /**
   * @param before resolves to a cookie to be sent, if any
   * @param onError called when it fails, or the calls do: nothing more will be sent then of what was held back
   */
  constructor(response: ServerResponse, before: () => Promise<string | undefined>, onError: (error: unknown) => void) {
    this.#response = response
    this.#before = before
    this.#onError = onError
    const { writeHead, write, end, flushHeaders } = response as unknown as Methods
    this.#methods = { writeHead, write, end, flushHeaders }
    this.#held = {
      writeHead: (...given) => this.#call('writeHead', given),
      write: (...given) => this.#call('write', given),
      end: (...given) => this.#call('end', given),
      flushHeaders: (...given) => this.#call('flushHeaders', given),
    }
    Object.assign(response, this.#held)
    const { on } = response
    const listening = (type: string, listener: Method) => {
      const result = Reflect.apply(on, response, [type, listener])
      const isOurs = type === 'drain' && this.#state === 'holding'
      if (isOurs && !response.rawListeners(type).includes(listener)) this.#waiting.push(listener)
      return result
    }
    Object.assign(response, { on: listening })
  }

  /** The handler has called for the response to be sent. */
  get begun(): boolean {
    return this.#begun
  }

  /** The handler has said all that it has to say. */
  get ended(): boolean {
    return this.#ended
  }

  /** Drops what is held back, and holds nothing back any more. */
  cancel(): void {
    if (this.#state !== 'holding') return
    if (this.#begun) this.#drop()
    else this.#open()
  }

  #call(name: Start, given: unknown[]): unknown {
    if (name === 'end') this.#ended = true
    if (this.#state === 'open') return this.#send(name, given)
    if (this.#state === 'holding') this.#hold(name, given)
    return name === 'write' ? false : this.#response
  }

  #hold(name: Start, given: unknown[]): void {
    const [status] = given
    if (name === 'writeHead' && this.#begun) {
      // Who puts functions over ours asks for the headers until they are sent, as Node does itself: writeHead(statusCode).
      if (given.length === 1 && status === this.#response.statusCode) return
      throw headersSent()
    }
    if (name === 'writeHead' && typeof status === 'number') this.#response.statusCode = status
    this.#calls.push([name, given])
    if (this.#begun) return
    this.#begun = true
    this.#before()
      .then((cookie) => this.#sendAll(cookie))
      .catch((error: unknown) => {
        this.#drop()
        this.#onError(error)
      })
  }

  #sendAll(cookie: string | undefined): void {
    if (this.#state !== 'holding') return
    this.#cookie = cookie
    this.#open()
    let isFull: boolean | undefined
    for (const [name, given] of this.#calls.splice(0)) {
      const sent = this.#send(name, given)
      if (name === 'write') isFull = sent === false
    }
    // Whoever writes was told to wait, and waits for this.
    if (isFull !== false) return
    this.#response.emit('drain')
    for (const listener of this.#waiting) Reflect.apply(listener, this.#response, [])
  }

  /** By what was there before; Node comes back for the headers, through the `writeHead` that the response has then. */
  #send(name: Start, given: unknown[]): unknown {
    const response = this.#response
    const cookie = this.#cookie
    if (name === 'writeHead' && cookie !== undefined) {
      this.#cookie = undefined
      this.#restore('writeHead')
      const [status, ...more] = given
      const [first] = more
      const message = typeof first === 'string' ? [first] : []
      // The headers that it is given replace those of the same name.
      setHeaders(response, more[message.length])
      response.appendHeader('Set-Cookie', cookie)
      return Reflect.apply(this.#methods.writeHead, response, [status, ...message])
    }
    return Reflect.apply(this.#methods[name], response, given)
  }

  #open(): void {
    this.#state = 'open'
    for (const name of STARTS) if (name !== 'writeHead' || this.#cookie === undefined) this.#restore(name)
  }

  /** Another answer is given now: past those who put their functions over ours, and are in the midst of the first one. */
  #drop(): void {
    this.#state = 'dropped'
    this.#calls.length = 0
    Object.assign(this.#response, this.#methods)
  }

  /** Unless somebody put another function over ours, which calls ours. */
  #restore(name: Start): void {
    if (Reflect.get(this.#response, name) === this.#held[name]) Reflect.set(this.#response, name, this.#methods[name])
  }
}

/** @param headers as `writeHead` takes them: an object, a list of pairs, or a list of names and values in turn */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const pairs = Array.isArray(headers[0]) ? headers : inPairs(headers)
    for (const [name] of pairs) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(name, value)
  } else {
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  }
}

/** A name without a value at the end stays, for Node to refuse it. */
function inPairs(list: unknown[]) {
  return Array.from({ length: Math.ceil(list.length / 2) }, (_, index) => list.slice(index * 2, index * 2 + 2))
}

/** What Node throws. */
function headersSent(): Error {
  const text =
    'writeHead was called behind writeHead, write, end or flushHeaders of the same response: its headers are fixed by ' +
    'then. Answer once.'
  return Object.assign(new Error(text), { code: 'ERR_HTTP_HEADERS_SENT' })
}
