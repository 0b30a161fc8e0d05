import { HttpResponse } from '@smithy/core/protocols'
import type { Dispatcher } from 'undici'
import { TOO_LONG } from '../answer-check.js'
import type { Received } from './http.js'
import { aborted, asNodeError, brokenOff, tooLate } from './node-errors.js'

export interface Wanted {
  /** Milliseconds until there are headers. */
  readonly requestTimeout: number | undefined
  readonly abortSignal: AbortSignal | undefined
  /** Bytes of the body. */
  readonly most: number
  readonly resolve: (received: Received) => void
  readonly reject: (error: Error) => void
  /** Called once undici is through with a request that it was given. */
  readonly ended: () => void
}

/** Receives one answer, and gives it up when it takes too long or is not wanted any more. */
export class Answer implements Dispatcher.DispatchHandler {
  readonly #most: number
  readonly #resolve: Wanted['resolve']
  readonly #reject: (error: Error) => void
  readonly #ended: () => void
  readonly #deadline: NodeJS.Timeout | undefined
  readonly #abortSignal: AbortSignal | undefined
  #controller: Dispatcher.DispatchController | undefined
  #gaveUp: Error | undefined
  #status = 0
  #reason: string | undefined
  #headers: Record<string, string> = {}
  readonly #chunks: Buffer[] = []
  #length = 0
  #drop: () => void = () => {}

  constructor({ requestTimeout, abortSignal, most, resolve, reject, ended }: Wanted) {
    this.#most = most
    this.#resolve = resolve
    this.#reject = reject
    this.#ended = ended
    this.#abortSignal = abortSignal
    if (requestTimeout) this.#deadline = setTimeout(() => this.#giveUp(tooLate(requestTimeout)), requestTimeout)
    if (abortSignal?.aborted) this.#abort()
    else abortSignal?.addEventListener('abort', this.#abort, { once: true })
  }

  get awaited(): boolean {
    return this.#gaveUp === undefined
  }

  /** Its connection will not come: the client was destroyed. */
  refuse(): void {
    this.#giveUp(asNodeError(Object.assign(new Error('The client is destroyed'), { code: 'UND_ERR_DESTROYED' })))
  }

  /** @param drop closes the connection that it comes on */
  comesOn(drop: () => void): void {
    this.#drop = drop
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#gaveUp) controller.abort(this.#gaveUp)
  }

  onResponseStart(
    _controller: unknown,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    reason?: string,
  ): void {
    if (status < 200) return
    clearTimeout(this.#deadline)
    this.#status = status
    this.#reason = reason
    this.#headers = flat(headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.byteLength
    if (this.#length > this.#most) controller.abort(new Error('The answer is too long'))
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#settle()
    this.#ended()
    this.#answer(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks))
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#settle()
    this.#ended()
    if (this.#gaveUp) this.#reject(this.#gaveUp)
    else if (this.#length > this.#most) this.#answer(TOO_LONG)
    else if (this.#status === 0) this.#reject(asNodeError(error))
    else this.#reject(brokenOff(asNodeError(error)))
  }

  #answer(body: unknown): void {
    const response = new HttpResponse({ statusCode: this.#status, reason: this.#reason, headers: this.#headers, body })
    this.#resolve({ response, drop: this.#drop })
  }

  #settle(): void {
    clearTimeout(this.#deadline)
    this.#abortSignal?.removeEventListener('abort', this.#abort)
  }

  readonly #abort = (): void => this.#giveUp(aborted(this.#abortSignal?.reason))

  /** One that still waits for its connection can't be told yet. */
  #giveUp(error: Error): void {
    if (this.#gaveUp) return
    this.#gaveUp = error
    this.#settle()
    this.#reject(error)
    this.#controller?.abort(error)
  }
}

/** As the SDK's handler gives them: of several with one name, one text. */
function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) headers[name] = value.join(',')
  }
  return headers as Record<string, string>
}
