import { createHmac, hash } from 'node:crypto'
import type { Credentials } from '../credentials.js'

/** The parts that all requests of a signature share. */
export interface Shared {
  readonly path: string
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const SERVICE = 'dynamodb'

/** Headers that the SDK does not sign. */
const UNSIGNED = ['authorization', 'user-agent', 'x-amzn-trace-id']

/** Headers whose values {@link QuickSignature.sign} computes for each request. */
const COMPUTED = ['content-length', 'x-amz-content-sha256', 'x-amz-date']

/** Sizes of SHA-256, in bytes. */
const BLOCK = 64
const DIGEST = 32

/**
 * Signs requests by AWS Signature Version 4 ("Create a signed AWS API request", AWS IAM User Guide). It prepares the shared parts
 * of many requests once. `@smithy/signature-v4` takes several times as long: it prepares everything for each request, and awaits
 * each of its five hashes.
 */
export class QuickSignature {
  readonly #credentials: Credentials
  readonly #region: string
  /** Names and values, alternating, for Node. {@link COMPUTED}, the varying headers and `authorization` come last. */
  readonly #headers: readonly string[]
  /** Index of the first changing value in {@link #headers}. */
  readonly #firstComputed: number
  readonly #firstVarying: number
  /** Texts, and between them the indexes of the changing values in {@link #headers}. */
  readonly #canonical: readonly (string | number)[]
  readonly #names: string
  #second = Number.NaN
  #time = ''
  #day = ''
  #key: HmacKey | undefined

  /** @param varying names of the headers whose values the caller gives for each request */
  constructor(credentials: Credentials, region: string, { path, headers }: Shared, varying: readonly string[]) {
    const { sessionToken } = credentials
    this.#credentials = credentials
    this.#region = region
    const shared = Object.entries({ ...headers, ...(sessionToken && { 'x-amz-security-token': sessionToken }) })
    const all = [...shared, ...[...COMPUTED, ...varying, 'authorization'].map((name) => [name, ''] as const)]
    this.#headers = all.flat()
    this.#firstComputed = 2 * shared.length + 1
    this.#firstVarying = this.#firstComputed + 2 * COMPUTED.length
    const signed = all.map(([name, value], index) => ({ name, value, at: 2 * index + 1 }))
    const inOrder = signed
      .filter(({ name }) => !UNSIGNED.includes(name))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    this.#names = inOrder.map(({ name }) => name).join(';')
    this.#canonical = joined([
      `POST\n${path}\n\n`,
      ...inOrder.flatMap(({ name, value, at }) => [`${name}:`, at < this.#firstComputed ? trimmed(value) : at, '\n']),
      `\n${this.#names}\n`,
    ])
  }

  /**
   * The headers of a request, with its signature.
   *
   * @param varying values of the varying headers
   * @param now milliseconds since the epoch, by the server's clock
   * @returns names and values, alternating
   */
  sign(body: string, varying: readonly string[], now: number): string[] {
    this.#setTime(now)
    const content = hash('sha256', body)
    const headers = this.#headers.slice()
    headers[this.#firstComputed] = String(Buffer.byteLength(body))
    headers[this.#firstComputed + 2] = content
    headers[this.#firstComputed + 4] = this.#time
    for (let at = 0; at < varying.length; at += 1) headers[this.#firstVarying + 2 * at] = varying[at] as string
    let canonical = ''
    for (const part of this.#canonical) {
      if (typeof part === 'string') canonical += part
      else canonical += part < this.#firstVarying ? headers[part] : trimmed(headers[part] as string)
    }
    const scope = `${this.#day}/${this.#region}/${SERVICE}/aws4_request`
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
    let key: Buffer | string = `AWS4${this.#credentials.secretAccessKey}`
    for (const part of [this.#day, this.#region, SERVICE, 'aws4_request']) {
      key = createHmac('sha256', key).update(part).digest()
    }
    this.#key = new HmacKey(key as Buffer)
    return this.#key
  }
}

/** HMAC-SHA-256 (RFC 2104) by two calls of `hash`. `createHmac` for each request would take twice as long. */
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

/** Joins texts that follow each other. */
function joined(parts: readonly (string | number)[]): (string | number)[] {
  const result: (string | number)[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part
    else result.push(part)
  }
  return result
}

const UNTRIMMED = /^ | $| {2}|[\t\r\n]/

function trimmed(value: string): string {
  if (!UNTRIMMED.test(value)) return value
  return value
    .replace(/[\r\n]/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '')
}
