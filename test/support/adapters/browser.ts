import type { RunningApp } from './adapter.js'

export interface Answered {
  readonly status: number
  readonly text: string
  /** The Set-Cookie header of the session's cookie. */
  readonly setCookie: string | undefined
}

/** A browser that keeps the one cookie of an app under test. */
export class Browser {
  readonly #app: Pick<RunningApp, 'port'>
  readonly #cookieName: string
  #value: string | undefined
  /** What the browser sends as `User-Agent`. */
  userAgent = 'browser'

  constructor(app: Pick<RunningApp, 'port'>, cookieName: string, value?: string) {
    this.#app = app
    this.#cookieName = cookieName
    this.#value = value
  }

  /** The cookie's value, percent-decoded. */
  get value(): string {
    return decodeURIComponent(this.#value ?? '')
  }

  /** Another window with the same cookie. */
  clone(): Browser {
    return new Browser(this.#app, this.#cookieName, this.#value)
  }

  async get(path: string, init: RequestInit = {}): Promise<Answered> {
    const headers: Record<string, string> = { 'user-agent': this.userAgent }
    if (this.#value) headers.cookie = `${this.#cookieName}=${this.#value}`
    const response = await fetch(`http://127.0.0.1:${this.#app.port}${path}`, { headers, ...init })
    const setCookie = response.headers.getSetCookie().find((line) => line.startsWith(`${this.#cookieName}=`))
    if (setCookie !== undefined) this.#value = setCookie.slice(this.#cookieName.length + 1).split(';')[0]
    return { status: response.status, text: await response.text(), setCookie }
  }
}
