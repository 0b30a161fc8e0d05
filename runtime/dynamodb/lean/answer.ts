import { HttpResponse } from '@smithy/core/protocols'
import type { Dispatcher } from 'undici'
import { aborted, asNodeError, brokenOff, tooLate } from './node-errors.js'

export interface Wanted {
  /** Milliseconds until there are headers. */
  readonly requestTimeout: number | undefined
  readonly abortSignal: AbortSignal | undefined
  readonly resolve: (response: HttpResponse) => void
  readonly reject: (error: Error) => void
  /** Called once undici is through with a request that it was given. */
  readonly ended: () => void
}

/** Receives one answer, and gives it up when it takes too long or is not wanted any more. */
export class Answer implements Dispatcher.DispatchHandler {
  readonly #resolve: (response: HttpResponse) => void
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

  constructor({ requestTimeout, abortSignal, resolve, reject, ended }: Wanted) {
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

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#settle()
    this.#ended()
    this.#answer(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks))
  }

  /** Once there were headers, it is reading the body that fails, as with the SDK's handler. */
  onResponseError(_controller: unknown, error: Error): void {
    this.#settle()
    this.#ended()
    if (this.#gaveUp) this.#reject(this.#gaveUp)
    else if (this.#status === 0) this.#reject(asNodeError(error))
    else this.#answer(brokenOff(asNodeError(error)))
  }

  #answer(body: unknown): void {
    this.#resolve(new HttpResponse({ statusCode: this.#status, reason: this.#reason, headers: this.#headers, body }))
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
