import { createHmac, hash } from 'node:crypto'

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

/** What all requests have that are signed by the same signature. */
export interface Same {
  readonly path: string
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Headers that the SDK does not sign, of those that a route has. */
const UNSIGNED = ['authorization', 'user-agent']

/** Headers that each request has of its own, beside those that it is given. */
const OWN = ['content-length', 'x-amz-content-sha256', 'x-amz-date']

/**
 * AWS Signature Version 4 ("Create a signed AWS API request", AWS IAM User Guide) for many requests with mostly the same
 * headers and no query: what is the same is prepared once. `@smithy/signature-v4` takes several times as long, for it
 * prepares everything for each request and waits for each of its five hashes.
 */
export class QuickSignature {
  readonly #credentials: Credentials
  readonly #scope: Scope
  readonly #headers: Readonly<Record<string, string>>
  readonly #canonical: readonly (string | { readonly header: string })[]
  readonly #names: string
  #second = Number.NaN
  #time = ''
  #day = ''
  #key: Buffer | undefined

  /** @param varying names of the headers that differ from request to request, beside length, hash and time */
  constructor(credentials: Credentials, scope: Scope, { path, headers }: Same, varying: readonly string[]) {
    const { sessionToken } = credentials
    this.#credentials = credentials
    this.#scope = scope
    const changing = [...OWN, ...varying]
    // All names are there from the start: a copy of an object takes much longer once it has to grow.
    this.#headers = {
      ...headers,
      ...(sessionToken && { 'x-amz-security-token': sessionToken }),
      ...Object.fromEntries([...changing, 'authorization'].map((name) => [name, ''])),
    }
    const names = Object.keys(this.#headers)
      .filter((name) => !UNSIGNED.includes(name))
      .sort()
    this.#names = names.join(';')
    this.#canonical = joined([
      `POST\n${path}\n\n`,
      ...names.flatMap((header) =>
        changing.includes(header)
          ? [`${header}:`, { header }, '\n']
          : `${header}:${trimmed(headerOf(this.#headers, header))}\n`,
      ),
      `\n${this.#names}\n`,
    ])
  }

  /**
   * The headers of a request.
   *
   * @param varying headers that it has of its own, without spaces at the ends or several in a row
   * @param now milliseconds since the epoch, by the server's clock
   */
  sign(body: string | Uint8Array, varying: Readonly<Record<string, string>>, now: number): Record<string, string> {
    this.#setTime(now)
    const content = hash('sha256', body)
    const headers = { ...this.#headers }
    for (const name in varying) headers[name] = varying[name] as string
    headers['content-length'] = String(Buffer.byteLength(body))
    headers['x-amz-date'] = this.#time
    headers['x-amz-content-sha256'] = content
    let canonical = ''
    for (const part of this.#canonical) canonical += typeof part === 'string' ? part : headers[part.header]
    const { region, service } = this.#scope
    const scope = `${this.#day}/${region}/${service}/aws4_request`
    const text = `${ALGORITHM}\n${this.#time}\n${scope}\n${hash('sha256', canonical + content)}`
    const signature = createHmac('sha256', this.#keyOfDay()).update(text).digest('hex')
    const credential = `${this.#credentials.accessKeyId}/${scope}`
    headers.authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${this.#names}, Signature=${signature}`
    return headers
  }

  #setTime(now: number): void {
    const second = Math.floor(now / 1000)
    if (second === this.#second) return
    this.#second = second
    this.#time = new Date(second * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const day = this.#time.slice(0, 8)
    if (day !== this.#day) this.#key = undefined
    this.#day = day
  }

  #keyOfDay(): Buffer {
    if (this.#key) return this.#key
    const { region, service } = this.#scope
    let key: Buffer | string = `AWS4${this.#credentials.secretAccessKey}`
    for (const part of [this.#day, region, service, 'aws4_request'])
      key = createHmac('sha256', key).update(part).digest()
    this.#key = key as Buffer
    return this.#key
  }
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string {
  return headers[name] ?? ''
}

/** Texts that follow each other, as one. */
function joined(parts: readonly (string | { readonly header: string })[]): (string | { readonly header: string })[] {
  const result: (string | { readonly header: string })[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part
    else result.push(part)
  }
  return result
}

function trimmed(value: string): string {
  return value
    .replace(/[\r\n]/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '')
}
