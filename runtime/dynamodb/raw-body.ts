import type { Socket } from 'node:net'
import { TOO_LONG } from './answer-check.js'

/**
 * The whole body of an answer, of whatever kind the request handler gives it; undefined where it can't be read here.
 *
 * @param most bytes
 */
export async function readWhole(body: unknown, most: number): Promise<Buffer | typeof TOO_LONG | undefined> {
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (typeof body === 'string') return Buffer.from(body)
  const chunks = body instanceof Blob ? body.stream() : body
  return isStream(chunks) ? await collect(chunks, most) : undefined
}

/** The headers of an answer, names in lower case: a request handler of the application may give them as they came. */
export function inLowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The connection that an answer of Node's client came on; undefined where there is none to be known. */
export function connectionOf(body: unknown): Connection | undefined {
  const { socket } = (body ?? {}) as { socket?: unknown }
  return isSocket(socket) ? socket : undefined
}

/** `parser` is Node's own: null while no request is under way. */
type Connection = Socket & { readonly parser?: unknown }

const GUARDED = new WeakSet<Connection>()

/**
 * Closes a connection of Node's client as soon as something arrives while no request is under way. Node keeps these bytes,
 * and takes them for the answer to the next request.
 */
export function closeOnSurplus(connection: Connection): void {
  if (GUARDED.has(connection)) return
  GUARDED.add(connection)
  // Before Node's own listener, which sets `parser` to null as soon as an answer is complete.
  connection.prependListener('data', () => {
    if (connection.parser === null) connection.destroy()
  })
}

/** Leaving the loop destroys the stream, and with it the connection. */
async function collect(stream: AsyncIterable<unknown>, most: number): Promise<Buffer | typeof TOO_LONG> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk))
    length += bytes.byteLength
    if (length > most) return TOO_LONG
    chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

function isSocket(value: unknown): value is Connection {
  const { prependListener, destroy } = (value ?? {}) as Partial<Socket>
  return typeof prependListener === 'function' && typeof destroy === 'function'
}
