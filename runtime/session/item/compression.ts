import { Buffer, isUtf8 } from 'node:buffer'
import { promisify } from 'node:util'
import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzip,
  gzipSync,
} from 'node:zlib'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../../configuration/resolve.js'
import { messageOf } from '../../errors.js'
import { deepestFor, isDeeperThan } from './depth.js'
import { isMarshalText, jsonOfMarshal } from './marshal.js'
import { MarshalProblem } from './marshal-bytes.js'
import { tooDeep } from './serialize.js'

/** The most text that is unpacked, in bytes of UTF-8. A few KB can unpack to gigabytes and exhaust the memory. */
export const LONGEST_TEXT = 4 * 1024 * 1024

/** The first bytes of gzip (RFC 1952). Brotli has none, so its name in HTTP stands before it (RFC 7932). */
const GZIP = Buffer.from([0x1f, 0x8b])
const BROTLI = Buffer.from('br')

/** Longer texts are compressed on another thread. This length takes about 1 ms, and the detour 0.1 ms of CPU time. */
const LONGEST_AT_ONCE = 64 * 1024

/**
 * The attribute `data` in the form of the option `compress`: B if the text is long enough and gets smaller, else S.
 * Text that is too long to be unpacked stays S, and is refused for its size.
 *
 * @param json text of the data
 * @throws {SessionDataError} when the data has more levels than a read accepts
 */
export async function packData(json: string, configuration: Configuration): Promise<AttributeValue> {
  const { compress, compressThreshold } = configuration
  if (isDeeperThan(deepestFor(configuration), json)) throw tooDeep(deepestFor(configuration))
  if (compress === 'none') return { S: json }
  const text = Buffer.from(json)
  if (text.length < compressThreshold || text.length > LONGEST_TEXT) return { S: json }
  const packed = compress === 'gzip' ? await gzipped(text) : Buffer.concat([BROTLI, await brotlied(text)])
  return packed.length < text.length ? { B: packed } : { S: json }
}

/** The text of the data, or the attribute's problem as the rest of a sentence: "is damaged". */
export type Unpacked = { readonly text: string } | { readonly problem: string }

/**
 * Reads the attribute `data` in every form that {@link packData} gives, with every value of `compress`. It unpacks
 * synchronously, because that takes at most half the time of the JSON.parse that follows.
 *
 * @param serializer whether to read Ruby's Marshal too, as its JSON
 */
export function unpackData(data: AttributeValue, serializer: Configuration['serializer'] = 'json'): Unpacked {
  if (data.S !== undefined) return isMarshalText(data.S) ? unpackMarshal(data.S, serializer) : { text: data.S }
  if (!(data.B instanceof Uint8Array)) return { problem: `is of type ${Object.keys(data)[0]}` }
  const bytes = Buffer.from(data.B.buffer, data.B.byteOffset, data.B.byteLength)
  return unpackBytes(bytes) ?? { problem: 'is binary and was compressed neither with gzip nor with brotli' }
}

/** The text of compressed bytes. Undefined: the bytes are not compressed. */
export function unpackBytes(packed: Buffer): Unpacked | undefined {
  const limit = { maxOutputLength: LONGEST_TEXT }
  if (startsWith(packed, GZIP)) return unpacked('gzip', () => gunzipSync(packed, limit))
  if (startsWith(packed, BROTLI)) {
    return unpacked('brotli', () => brotliDecompressSync(packed.subarray(BROTLI.length), limit))
  }
  return undefined
}

function unpackMarshal(text: string, serializer: Configuration['serializer']): Unpacked {
  if (serializer === 'json') return { problem: "is in Ruby's Marshal format (serializer: json_allow_marshal reads it)" }
  try {
    return { text: jsonOfMarshal(text, LONGEST_TEXT) }
  } catch (error) {
    if (!(error instanceof MarshalProblem)) throw error
    return { problem: `is in Ruby's Marshal format and ${error.message}` }
  }
}

function unpacked(form: string, unpack: () => Buffer): Unpacked {
  try {
    const text = unpack()
    return isUtf8(text) ? { text: text.toString() } : { problem: `is compressed with ${form}, but is not UTF-8 text` }
  } catch (error) {
    const code = String((error as { code?: unknown }).code)
    if (/MEM|ALLOC|INITIALIZATION/.test(code)) throw error // the process is out of memory; the data may be fine
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return { problem: `is compressed with ${form}, and more than ${LONGEST_TEXT} bytes (4 MB) of text` }
    }
    return { problem: `is compressed with ${form}, and damaged (${messageOf(error)})` }
  }
}

function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  return bytes.subarray(0, beginning.length).equals(beginning)
}

const gzipLater = promisify(gzip)
const brotliLater = promisify(brotliCompress)

/** Uses zlib's default level, 6: a session of 10 KB takes 0.1 ms. Level 3 takes half of that for 7 % more bytes. */
async function gzipped(text: Buffer): Promise<Buffer> {
  return text.length <= LONGEST_AT_ONCE ? gzipSync(text) : gzipLater(text)
}

/** Uses quality 5: a session of 10 KB takes 0.2 ms. Quality 4 gives 8 % more bytes; 11, the default, 10 % less in 20 ms. */
async function brotlied(text: Buffer): Promise<Buffer> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  }
  return text.length <= LONGEST_AT_ONCE ? brotliCompressSync(text, { params }) : brotliLater(text, { params })
}
