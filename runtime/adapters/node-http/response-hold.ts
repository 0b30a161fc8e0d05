import type { ServerResponse } from 'node:http'

/** The methods that begin to send a response of Node. */
const STARTS = ['writeHead', 'write', 'end', 'flushHeaders'] as const

type Start = (typeof STARTS)[number]
type Method = (...args: unknown[]) => unknown
type Methods = Readonly<Record<Start, Method>>
type AddHeaders = () => void

/**
 * Delays a response until asynchronous work has returned the headers to add. The first call that would send the response
 * starts the work. This call and all later calls are carried out after the work.
 *
 * Other packages, such as `compression`, also replace methods of the response, before or after this class. They still
 * call the methods that they replaced. So the methods of this class must work until the response ends.
 */
export class ResponseHold {
  readonly #response: ServerResponse
  readonly #methods: Methods
  readonly #holding: Methods
  readonly #before: () => Promise<AddHeaders | undefined>
  readonly #onError: (error: unknown) => void
  readonly #calls: [name: Start, args: unknown[]][] = []
  /** Listeners for `drain` that another package, such as `compression`, moved to its own stream. */
  readonly #waiting: Method[] = []
  /** Holding: calls wait. Open: calls go to the replaced methods. Dropped: nothing more of this response is sent. */
  #state: 'holding' | 'open' | 'dropped' = 'holding'
  /** Adds the headers to the response. Undefined after the call. */
  #addHeaders: AddHeaders | undefined
  #begun = false
  #ended = false

  /**
   * @param before the work; resolves to a function that adds headers to the response, if there are any
   * @param onError called when the work or a delayed call fails. The remaining delayed calls are then dropped.
   */
  constructor(
    response: ServerResponse,
    before: () => Promise<AddHeaders | undefined>,
    onError: (error: unknown) => void,
  ) {
    this.#response = response
    this.#before = before
    this.#onError = onError
    const { writeHead, write, end, flushHeaders } = response as unknown as Methods
    this.#methods = { writeHead, write, end, flushHeaders }
    this.#holding = {
      writeHead: (...args) => this.#call('writeHead', args),
      write: (...args) => this.#call('write', args),
      end: (...args) => this.#call('end', args),
      flushHeaders: (...args) => this.#call('flushHeaders', args),
    }
    Object.assign(response, this.#holding)
    const { on } = response
    const listening = (type: string, listener: Method) => {
      const result = Reflect.apply(on, response, [type, listener])
      const waitsForDrain = type === 'drain' && this.#state === 'holding'
      if (waitsForDrain && !response.rawListeners(type).includes(listener)) this.#waiting.push(listener)
      return result
    }
    Object.assign(response, { on: listening })
  }

  /** Whether the handler has begun to send the response. */
  get begun(): boolean {
    return this.#begun
  }

  /** Whether the handler has ended the response. */
  get ended(): boolean {
    return this.#ended
  }

  /** Drops the delayed calls, and delays no more calls. */
  cancel(): void {
    if (this.#state !== 'holding') return
    if (this.#begun) this.#drop()
    else this.#open()
  }

  #call(name: Start, args: unknown[]): unknown {
    if (name === 'end') this.#ended = true
    if (this.#state === 'open') return this.#send(name, args)
    if (this.#state === 'holding') this.#hold(name, args)
    return name === 'write' ? false : this.#response
  }

  #hold(name: Start, args: unknown[]): void {
    const [status] = args
    if (name === 'writeHead' && this.#begun) {
      // A package that replaced our method calls writeHead(statusCode) until the headers are sent, like Node itself.
      if (args.length === 1 && status === this.#response.statusCode) return
      throw headersSent()
    }
    if (name === 'writeHead' && typeof status === 'number') this.#response.statusCode = status
    this.#calls.push([name, args])
    if (this.#begun) return
    this.#begun = true
    this.#before()
      .then((addHeaders) => this.#sendAll(addHeaders))
      .catch((error: unknown) => {
        this.#drop()
        this.#onError(error)
      })
  }

  #sendAll(addHeaders: AddHeaders | undefined): void {
    if (this.#state !== 'holding') return
    this.#addHeaders = addHeaders
    this.#open()
    let isFull: boolean | undefined
    for (const [name, args] of this.#calls.splice(0)) {
      const sent = this.#send(name, args)
      if (name === 'write') isFull = sent === false
    }
    // Each write returned false, so the writer waits for `drain`.
    if (isFull !== false) return
    this.#response.emit('drain')
    for (const listener of this.#waiting) Reflect.apply(listener, this.#response, [])
  }

  /** Calls the replaced method. Node then calls the response's current `writeHead` for the headers. */
  #send(name: Start, args: unknown[]): unknown {
    const response = this.#response
    const addHeaders = this.#addHeaders
    if (name === 'writeHead' && addHeaders) {
      this.#addHeaders = undefined
      this.#restore('writeHead')
      const [status, ...more] = args
      const [first] = more
      const message = typeof first === 'string' ? [first] : []
      // The headers of the call replace headers of the same name.
      setHeaders(response, more[message.length])
      addHeaders()
      return Reflect.apply(this.#methods.writeHead, response, [status, ...message])
    }
    return Reflect.apply(this.#methods[name], response, args)
  }

  #open(): void {
    this.#state = 'open'
    for (const name of STARTS) if (name !== 'writeHead' || !this.#addHeaders) this.#restore(name)
  }

  /** Prepares an error response: bypasses packages that replaced our methods and still work on the first response. */
  #drop(): void {
    this.#state = 'dropped'
    this.#calls.length = 0
    Object.assign(this.#response, this.#methods)
  }

  /** Restores a method, unless another package replaced our method: the package still calls it. */
  #restore(name: Start): void {
    if (Reflect.get(this.#response, name) === this.#holding[name])
      Reflect.set(this.#response, name, this.#methods[name])
  }
}

/** @param headers in a form of `writeHead`: an object, a list of pairs, or a flat list of names and values */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const pairs = Array.isArray(headers[0]) ? headers : inPairs(headers)
    for (const [name] of pairs) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(name, value)
  } else {
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  }
}

/** A last name without a value also gets a pair, so that Node refuses it. */
function inPairs(list: unknown[]) {
  return Array.from({ length: Math.ceil(list.length / 2) }, (_, index) => list.slice(index * 2, index * 2 + 2))
}

/** An error with the same code as Node's own error. */
function headersSent(): Error {
  const text =
    'writeHead was called after writeHead, write, end or flushHeaders of the same response. The headers are fixed by then. ' +
    'Send one response.'
  return Object.assign(new Error(text), { code: 'ERR_HTTP_HEADERS_SENT' })
}
