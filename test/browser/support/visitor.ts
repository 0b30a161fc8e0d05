type Cookies = Readonly<Record<string, string>>

/** What a response says. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** Sends requests and keeps cookies, as a browser without its window. */
export class Visitor {
  readonly #origin: string
  #cookies: Record<string, string>

  constructor(port: number, cookies: Cookies = {}) {
    this.#origin = `http://localhost:${port}`
    this.#cookies = { ...cookies }
  }

  get cookies(): Cookies {
    return { ...this.#cookies }
  }

  get(path: string): Promise<Answer> {
    return this.#send(path, {})
  }

  /** Sends a form, and follows the redirection. */
  async post(path: string, form: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await this.#send(path, { method: 'POST', body: new URLSearchParams(form) })
    return answer.status === 303 ? this.get(answer.headers.get('location') ?? '') : answer
  }

  /** Sends JSON. */
  json(method: string, path: string, body?: unknown): Promise<Answer> {
    if (body === undefined) return this.#send(path, { method })
    return this.#send(path, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  }

  async #send(path: string, { headers, ...request }: RequestInit): Promise<Answer> {
    const cookie = Object.entries(this.#cookies).map(([name, value]) => `${name}=${value}`)
    const response = await fetch(new URL(path, this.#origin), {
      ...request,
      redirect: 'manual',
      headers: { ...headers, cookie: cookie.join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') delete this.#cookies[name]
      else this.#cookies[name] = value
    }
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
}
