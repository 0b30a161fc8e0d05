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

/** SHA-256. Bytes. */
const BLOCK = 64
const DIGEST = 32

/**
 * AWS Signature Version 4 ("Create a signed AWS API request", AWS IAM User Guide) for many requests with mostly the same
 * headers and no query: what is the same is prepared once. `@smithy/signature-v4` takes several times as long, for it
 * prepares everything for each request and waits for each of its five hashes.
 */
export class QuickSignature {
  readonly #credentials: Credentials
  readonly #scope: Scope
  /** Names and values in turn, as Node takes them. Last come {@link OWN}, the varying ones, `authorization`. */
  readonly #headers: readonly string[]
  /** Where the values that change are in {@link #headers}. */
  readonly #firstOwn: number
  readonly #firstVarying: number
  /** Texts, and between them the places in {@link #headers} of the values that change. */
  readonly #canonical: readonly (string | number)[]
  readonly #names: string
  #second = Number.NaN
  #time = ''
  #day = ''
  #key: HmacKey | undefined

  /** @param varying names of the headers that differ from request to request, beside length, hash and time */
  constructor(credentials: Credentials, scope: Scope, { path, headers }: Same, varying: readonly string[]) {
    const { sessionToken } = credentials
    this.#credentials = credentials
    this.#scope = scope
    const same = Object.entries({ ...headers, ...(sessionToken && { 'x-amz-security-token': sessionToken }) })
    const all = [...same, ...[...OWN, ...varying, 'authorization'].map((name) => [name, ''] as const)]
    this.#headers = all.flat()
    this.#firstOwn = 2 * same.length + 1
    this.#firstVarying = this.#firstOwn + 2 * OWN.length
    const signed = all.map(([name, value], index) => ({ name, value, at: 2 * index + 1 }))
    const inOrder = signed
      .filter(({ name }) => !UNSIGNED.includes(name))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    this.#names = inOrder.map(({ name }) => name).join(';')
    this.#canonical = joined([
      `POST\n${path}\n\n`,
      ...inOrder.flatMap(({ name, value, at }) => [`${name}:`, at < this.#firstOwn ? trimmed(value) : at, '\n']),
      `\n${this.#names}\n`,
    ])
  }

  /**
   * The headers of a request.
   *
   * @param varying values of the headers that it has of its own, without spaces at the ends or several in a row
   * @param now milliseconds since the epoch, by the server's clock
   * @returns names and values in turn
   */
  sign(body: string, varying: readonly string[], now: number): string[] {
    this.#setTime(now)
    const content = hash('sha256', body)
    const headers = this.#headers.slice()
    headers[this.#firstOwn] = String(Buffer.byteLength(body))
    headers[this.#firstOwn + 2] = content
    headers[this.#firstOwn + 4] = this.#time
    for (let at = 0; at < varying.length; at += 1) headers[this.#firstVarying + 2 * at] = varying[at] as string
    let canonical = ''
    for (const part of this.#canonical) canonical += typeof part === 'string' ? part : headers[part]
    const { region, service } = this.#scope
    const scope = `${this.#day}/${region}/${service}/aws4_request`
    const text = `${ALGORITHM}\n${this.#time}\n${scope}\n${hash('sha256', canonical + content)}`
    const signature = this.#keyOfDay().sign(text)
    const credential = `${this.#credentials.accessKeyId}/${scope}`
    headers[headers.length - 1] =
      `${ALGORITHM} Credential=${credential}, SignedHeaders=${this.#names}, Signature=${signature}`
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

  #keyOfDay(): HmacKey {
    if (this.#key) return this.#key
    const { region, service } = this.#scope
    let key: Buffer | string = `AWS4${this.#credentials.secretAccessKey}`
    for (const part of [this.#day, region, service, 'aws4_request'])
      key = createHmac('sha256', key).update(part).digest()
    this.#key = new HmacKey(key as Buffer)
    return this.#key
  }
}

/** HMAC-SHA-256 (RFC 2104) by two calls of `hash`. An object of `createHmac` for each request would take twice as long. */
class HmacKey {
  readonly #inner: Buffer
  readonly #outer: Buffer

  /** @param key at most 64 bytes */
  constructor(key: Buffer) {
    this.#inner = Buffer.alloc(BLOCK, 0x36)
    this.#outer = Buffer.alloc(BLOCK + DIGEST, 0x5c)
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ 0x36
      this.#outer[at] = byte ^ 0x5c
    }
  }

  /** @returns hexadecimal */
  sign(text: string): string {
    const inner = hash('sha256', Buffer.concat([this.#inner, Buffer.from(text)]), 'binary')
    this.#outer.write(inner, BLOCK, 'binary')
    return hash('sha256', this.#outer)
  }
}

/** Texts that follow each other, as one. */
function joined(parts: readonly (string | number)[]): (string | number)[] {
  const result: (string | number)[] = []
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
