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

/** What carries requests. */
export interface Exchange {
  /** One request, one answer. A network error rejects as it does in the SDK's `NodeHttpHandler`. */
  send(request: HttpRequest, abortSignal: AbortSignal | undefined): Promise<HttpResponse>
  /** Whether these are connections of this package at present, so that nothing of the application sees the requests. */
  isOurs(): boolean
}
