import type { TOO_LONG } from '../answer-check.js'

/** A request as the SDK's request handlers take it. */
export interface HttpRequest {
  readonly method: string
  /** With the colon. */
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Readonly<Record<string, unknown>>
  readonly username?: string
  readonly password?: string
  readonly fragment?: string
  readonly headers: Record<string, string>
  readonly body?: unknown
}

/** An answer as the SDK's request handlers give it. */
export interface HttpResponse {
  readonly statusCode: number
  readonly reason?: string
  readonly headers: Record<string, string>
  readonly body?: unknown
}

/** An answer whose body is there, or could not be read and is as the request handler gave it. */
export interface Received {
  readonly response: HttpResponse
  /** Closes the connection that it came on. */
  readonly drop: () => void
}

/** What carries requests. */
export interface Exchange {
  /**
   * One request, one answer. A network error rejects as it does in the SDK's `NodeHttpHandler`.
   *
   * @param most bytes of the answer's body; the body of one that is longer is {@link TOO_LONG}, and its connection closed
   */
  send(request: HttpRequest, abortSignal: AbortSignal | undefined, most: number): Promise<Received>
  /** Whether these are connections of this package at present, so that nothing of the application sees the requests. */
  isOurs(): boolean
}
