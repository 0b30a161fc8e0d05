import { randomUUID } from 'node:crypto'
import { wallClock } from '../../clock.js'
import { judge, longestAnswer, TOO_LONG } from '../answer-check.js'
import type { Input, Operation } from '../transport.js'
import { unreadableAnswer } from '../unreadable-answer.js'
import type { Exchange, HttpRequest, HttpResponse, Received } from './http.js'
import type { QuickSignature } from './quick-signature.js'
import type { Output, Route, SigningProperties } from './route.js'

/**
 * A request, and its attempts: what `httpSigningMiddleware` and `deserializerMiddleware` of the SDK do, with the client's
 * signer and protocol, which keep the clock's offset right and make the exceptions.
 */
export class LeanRequest {
  readonly #route: Route
  readonly #operation: Operation
  readonly #input: Input
  readonly #body: Uint8Array
  readonly #exchange: Exchange
  readonly #abortSignal: AbortSignal | undefined
  readonly #marks = { 'amz-sdk-invocation-id': randomUUID(), 'amz-sdk-request': '' }

  constructor(
    route: Route,
    operation: Operation,
    input: Input,
    exchange: Exchange,
    abortSignal: AbortSignal | undefined,
  ) {
    this.#route = route
    this.#operation = operation
    this.#input = input
    this.#body = route.serialize(input)
    this.#exchange = exchange
    this.#abortSignal = abortSignal
  }

  /** @param attempt which it is, from 1, of how many at most */
  async send(attempt: number, attempts: number): Promise<Output> {
    this.#marks['amz-sdk-request'] = `attempt=${attempt}; max=${attempts}`
    const { quick, signer, signingProperties } = this.#route
    const properties = { ...signingProperties }
    const signed = quick ? this.#signQuickly(quick, properties) : await this.#sign(properties)
    let response: HttpResponse
    let output: Output
    try {
      const received = await this.#exchange.send(signed, this.#abortSignal, longestAnswer(this.#operation))
      response = received.response
      output = await this.#read(received)
    } catch (error) {
      signer.errorHandler?.(properties)(error)
      throw error
    }
    const { date } = response.headers
    if (date !== this.#route.dateSeen) signer.successHandler?.(response, properties)
    this.#route.dateSeen = date
    return output
  }

  #sign(properties: SigningProperties): Promise<HttpRequest> {
    const { request, signer, identity } = this.#route
    const headers = { ...request.headers, ...this.#marks, 'content-length': String(this.#body.byteLength) }
    return signer.sign({ ...request, headers, body: this.#body }, identity, properties)
  }

  /** With the notes that the SDK's signer takes when it signs, for when the answer tells the server's time. */
  #signQuickly(quick: QuickSignature, properties: SigningProperties): HttpRequest {
    const now = wallClock()
    const offset = properties.config?.systemClockOffset ?? 0
    properties._disableClockSkewCorrection = false
    properties._skipClockSkewSampling = false
    properties._preRequestSystemClockOffset = offset
    properties._requestSentAt = now
    return { ...this.#route.request, headers: quick.sign(this.#body, this.#marks, now + offset), body: this.#body }
  }

  async #read({ response, drop }: Received): Promise<Output> {
    const { statusCode: status, headers, body } = response
    const isWhole = Buffer.isBuffer(body) || body === TOO_LONG
    const verdict = isWhole ? judge({ status, headers, body }, this.#operation, this.#input) : undefined
    if (verdict?.problem !== undefined) {
      drop()
      throw unreadableAnswer(this.#operation, this.#input, status, verdict.problem)
    }
    try {
      return await this.#route.deserialize(response, verdict)
    } catch (error) {
      throw withResponse(error as Failure, response)
    }
  }
}

type Failure = Error & Partial<Pick<Output, '$metadata'>>

const HINT =
  'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.'

/** An error of DynamoDB knows its metadata already; one of reading the answer (not JSON, broken off) does not. */
function withResponse(error: Failure, response: HttpResponse): Error {
  // The SDK's exceptions have the property already, visible: what was stored would be printed with them.
  Object.defineProperty(error, '$response', {
    value: response,
    enumerable: false,
    writable: false,
    configurable: false,
  })
  if ('$metadata' in error) return error
  error.message += `\n  ${HINT}`
  const { statusCode, headers } = response
  const found = (pattern: RegExp) => Object.entries(headers).find(([name]) => pattern.test(name))?.[1]
  return Object.assign(error, {
    $metadata: {
      httpStatusCode: statusCode,
      requestId: found(/^x-[\w-]+-request-?id$/),
      extendedRequestId: found(/^x-[\w-]+-id-2$/),
      cfId: found(/^x-[\w-]+-cf-id$/),
    },
  })
}
