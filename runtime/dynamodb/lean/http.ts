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

/** An answer as the SDK's request handlers give it; the body may also be there already. */
export interface HttpResponse {
  readonly statusCode: number
  readonly reason?: string
  readonly headers: Record<string, string>
  readonly body?: unknown
}

/** One request, one answer. A network error rejects as it does in the SDK's `NodeHttpHandler`. */
export type Exchange = (request: HttpRequest, abortSignal: AbortSignal | undefined) => Promise<HttpResponse>
