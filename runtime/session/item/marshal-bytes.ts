import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { DynamoSessionError } from '../../errors.js'

/** Why data in the Marshal format is no session. The message continues a sentence whose subject is the data. */
export class MarshalProblem extends DynamoSessionError {
  override readonly name = 'MarshalProblem'
  override readonly code = 'MARSHAL_PROBLEM'
}

/** The bytes of Marshal data, which are read from the first to the last. Never reads beyond the end, nor backwards. */
export class MarshalBytes {
  readonly #bytes: Buffer
  #at = 0

  constructor(base64: string) {
    const compact = base64.replace(/\s+/g, '')
    this.#bytes = Buffer.from(compact, 'base64')
    if (this.#bytes.toString('base64') !== compact) throw new MarshalProblem('is damaged: it is not Base64')
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** A count, an index or a length: a number that can't be negative. */
  length(): number {
    const length = this.long()
    if (length < 0) throw damaged()
    return length
  }

  /** A number: in one byte, or in up to four that follow, the lowest first. */
  long(): number {
    const first = (this.byte() << 24) >> 24
    if (first === 0) return 0
    if (first > 4) return first - 5
    if (first < -4) return first + 5
    const bytes = this.take(Math.abs(first))
    return first > 0 ? bytes.readUIntLE(0, first) : bytes.readUIntLE(0, -first) - 2 ** (8 * -first)
  }

  /** The bytes of a text, behind their number. */
  chunk(): Buffer {
    return this.take(this.length())
  }

  /** The letter that tells the type of the next value. */
  type(): string {
    return String.fromCharCode(this.byte())
  }

  byte(): number {
    return this.take(1).readUInt8()
  }

  /** @throws {MarshalProblem} when there are fewer */
  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw damaged()
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

/** Decodes text. Bytes that Ruby calls binary may be UTF-8: Rack's cookies are. */
export function decoded(bytes: Buffer, encoding: string = 'binary'): string {
  const isText: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
    'UTF-8': isUtf8,
    binary: isUtf8,
    'US-ASCII': isAscii,
  }
  if (!isText[encoding]?.(bytes)) throw new MarshalProblem(`holds a String that is not UTF-8 text (${encoding})`)
  return bytes.toString()
}

export function damaged(): MarshalProblem {
  return new MarshalProblem('is damaged')
}
