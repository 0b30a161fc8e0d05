import type { Socket } from 'node:net'
import { TOO_LONG } from './response-check.js'

/**
 * Reads the whole body of a response, in any form that a request handler gives.
 *
 * @param most limit of the body, in bytes
 * @returns undefined for an unknown form
 */
export async function readWhole(body: unknown, most: number): Promise<Buffer | typeof TOO_LONG | undefined> {
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (typeof body === 'string') return Buffer.from(body)
  const chunks = body instanceof Blob ? body.stream() : body
  const isStream = typeof chunks === 'object' && Symbol.asyncIterator in chunks
  return isStream ? await collect(chunks as AsyncIterable<unknown>, most) : undefined
}

/** The headers with names in lower case. A request handler of the application may leave upper case in them. */
export function inLowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The connection of a response of Node's HTTP client; undefined for other clients. */
export function connectionOf(body: unknown): Connection | undefined {
  const { socket } = (body ?? {}) as { socket?: Partial<Connection> | null }
  const isSocket = typeof socket?.prependListener === 'function' && typeof socket.destroy === 'function'
  return isSocket ? (socket as Connection) : undefined
}

/** Node sets `parser` to null while the connection has no request. */
type Connection = Socket & { readonly parser?: unknown }

const GUARDED = new WeakSet<Connection>()

/**
 * Closes a connection of Node's HTTP client when bytes arrive while it has no request. Node would take these bytes for the
 * response to the next request.
 */
export function closeOnSurplus(connection: Connection): void {
  if (GUARDED.has(connection)) return
  GUARDED.add(connection)
  // Runs before Node's own listener, which sets `parser` to null when a response is complete.
  connection.prependListener('data', () => {
    if (connection.parser === null) connection.destroy()
  })
}

/** Reads a stream. Returning early destroys the stream and its connection. */
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
