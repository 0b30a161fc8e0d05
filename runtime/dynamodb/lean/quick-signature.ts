import { createHmac, hash } from 'node:crypto'
import type { HttpRequest } from './http.js'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Where a signature holds: part of it, and what its key is made of. */
export interface Scope {
  readonly region: string
  readonly service: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Headers that the SDK does not sign, of those that a route has. */
const UNSIGNED = ['authorization', 'user-agent']

/**
 * AWS Signature Version 4 ("Create a signed AWS API request", AWS IAM User Guide) for requests without query, in one go:
 * `@smithy/signature-v4` takes four times as long, for it waits for each of its five hashes.
 *
 * It is used only for routes where it made the very signature that the SDK's signer made (see `learnRoute`).
 */
export class QuickSignature {
  readonly #credentials: Credentials
  readonly #scope: Scope
  #day = ''
  #key: Buffer | undefined

  constructor(credentials: Credentials, scope: Scope) {
    this.#credentials = credentials
    this.#scope = scope
  }

  /** @param now milliseconds since the epoch, by the server's clock */
  sign(request: HttpRequest, now: number): HttpRequest {
    const { accessKeyId, sessionToken } = this.#credentials
    const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const content = hash('sha256', request.body as Uint8Array)
    const headers: Record<string, string> = { ...request.headers, 'x-amz-date': time }
    if (sessionToken) headers['x-amz-security-token'] = sessionToken
    headers['x-amz-content-sha256'] = content

    const names = Object.keys(headers)
      .filter((name) => !UNSIGNED.includes(name))
      .sort()
    const signed = names.join(';')
    let canonical = `POST\n${request.path}\n\n`
    for (const name of names) canonical += `${name}:${trimmed(headers[name] ?? '')}\n`
    canonical += `\n${signed}\n${content}`

    const day = time.slice(0, 8)
    const { region, service } = this.#scope
    const scope = `${day}/${region}/${service}/aws4_request`
    const text = `${ALGORITHM}\n${time}\n${scope}\n${hash('sha256', canonical)}`
    const signature = createHmac('sha256', this.#keyOf(day)).update(text).digest('hex')
    headers.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
    return { ...request, headers }
  }

  #keyOf(day: string): Buffer {
    if (this.#key && this.#day === day) return this.#key
    const { region, service } = this.#scope
    let key: Buffer | string = `AWS4${this.#credentials.secretAccessKey}`
    for (const part of [day, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
    this.#day = day
    this.#key = key as Buffer
    return this.#key
  }
}

function trimmed(value: string): string {
  return /^\s|\s$|\s\s|[\t\r\n]/.test(value)
    ? value
        .replace(/[\r\n]/g, ' ')
        .replace(/[ \t]+/g, ' ')
        .replace(/^ | $/g, '')
    : value
}
