import type { ServerResponse } from 'node:http'

/** Every call by which a response of Node begins to be sent. */
const STARTS = ['writeHead', 'write', 'end', 'flushHeaders'] as const

type Start = (typeof STARTS)[number]
type Method = (...given: unknown[]) => unknown

/**
 * Holds a response back until something asynchronous is done that decides on a header: the first call that would send
 * the response starts it; that call and those behind it are carried out when it is through.
 */
export class ResponseHold {
  readonly #response: ServerResponse
  readonly #methods: Readonly<Record<Start, Method>>
  readonly #calls: [name: Start, given: unknown[]][] = []
  #begun = false
  #ended = false

  /**
   * @param before resolves to a cookie to be sent, if any
   * @param onError called when it fails, or the calls do: nothing more will be sent then of what was held back
   */
  constructor(response: ServerResponse, before: () => Promise<string | undefined>, onError: (error: unknown) => void) {
    this.#response = response
    const { writeHead, write, end, flushHeaders } = response as unknown as Record<Start, Method>
    this.#methods = { writeHead, write, end, flushHeaders }
    for (const name of STARTS) {
      this.#replace(name, (...given) => {
        this.#calls.push([name, given])
        if (name === 'end') this.#ended = true
        if (!this.#begun) {
          this.#begun = true
          before()
            .then((cookie) => this.#send(cookie))
            .catch((error: unknown) => {
              this.cancel()
              onError(error)
            })
        }
        return name === 'write' ? false : response
      })
    }
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
    this.#calls.length = 0
    for (const name of STARTS) this.#replace(name, this.#methods[name])
  }

  #send(cookie: string | undefined): void {
    const calls = [...this.#calls]
    const response = this.#response
    this.cancel()
    if (cookie !== undefined) this.#replace('writeHead', this.#writeHeadWith(cookie))
    for (const [name, given] of calls) Reflect.apply(Reflect.get(response, name), response, given)
    // Whoever writes was told to wait, and waits for this.
    if (calls.some(([name]) => name === 'write') && !response.writableNeedDrain) response.emit('drain')
  }

  /** Node calls it for every response. The headers that it is given replace those of the same name. */
  #writeHeadWith(cookie: string): Method {
    return (status, ...more) => {
      const response = this.#response
      const { writeHead } = this.#methods
      this.#replace('writeHead', writeHead)
      const [first] = more
      const message = typeof first === 'string' ? [first] : []
      setHeaders(response, more[message.length])
      response.appendHeader('Set-Cookie', cookie)
      return Reflect.apply(writeHead, response, [status, ...message])
    }
  }

  #replace(name: Start, method: Method): void {
    Reflect.set(this.#response, name, method)
  }
}

/** @param headers as `writeHead` takes them: an object, or a list of names and values in turn */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const pairs = Array.from({ length: headers.length / 2 }, (_, index) => headers.slice(index * 2, index * 2 + 2))
    for (const [name] of pairs) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(name, value)
  } else {
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  }
}
