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

/** How much text is unpacked at most, in bytes of UTF-8: a few KB can unpack to gigabytes, in everybody's memory. */
export const LONGEST_TEXT = 4 * 1024 * 1024

/** What gzip begins with (RFC 1952), and the name of brotli in HTTP (RFC 7932), which itself begins with anything. */
const GZIP = Buffer.from([0x1f, 0x8b])
const BROTLI = Buffer.from('br')

/** Longer texts are compressed on another thread: this one takes about a millisecond, and the detour 0.1 ms of CPU. */
const LONGEST_AT_ONCE = 64 * 1024

/**
 * The attribute `data` in the form that `compress` gives it: B where the text is long enough for that and gets smaller,
 * else S. Text that nobody could unpack again stays S, and is refused for its size.
 *
 * @param json text of the data
 * @throws {SessionDataError} when it is nested deeper than it is read
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

/** The text of the data, or what is the matter with the attribute: "it …". */
export type Unpacked = { readonly text: string } | { readonly problem: string }

/**
 * Reads the attribute `data` in any form that {@link packData} gives, whatever `compress` is here. It does so at once,
 * for that takes at most half the time in which JSON.parse reads the text then.
 *
 * @param serializer whether Ruby's Marshal is read as well, as its JSON
 */
export function unpackData(data: AttributeValue, serializer: Configuration['serializer'] = 'json'): Unpacked {
  if (data.S !== undefined) return isMarshalText(data.S) ? unpackMarshal(data.S, serializer) : { text: data.S }
  if (!(data.B instanceof Uint8Array)) return { problem: `is of type ${Object.keys(data)[0]}` }
  const packed = Buffer.from(data.B.buffer, data.B.byteOffset, data.B.byteLength)
  const limit = { maxOutputLength: LONGEST_TEXT }
  if (startsWith(packed, GZIP)) return unpacked('gzip', () => gunzipSync(packed, limit))
  if (startsWith(packed, BROTLI)) {
    return unpacked('brotli', () => brotliDecompressSync(packed.subarray(BROTLI.length), limit))
  }
  return { problem: 'is binary and was compressed neither with gzip nor with brotli' }
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
    if (/MEM|ALLOC|INITIALIZATION/.test(code)) throw error // this process is out of memory; the data may be fine
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

/** At zlib's own level, 6: a session of 10 KB takes 0.1 ms. Level 3 takes half of that for 7 % more bytes. */
async function gzipped(text: Buffer): Promise<Buffer> {
  return text.length <= LONGEST_AT_ONCE ? gzipSync(text) : gzipLater(text)
}

/** At quality 5: a session of 10 KB takes 0.2 ms; at 4 it is 8 % larger, at 11, brotli's own, 10 % smaller in 20 ms. */
async function brotlied(text: Buffer): Promise<Buffer> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  }
  return text.length <= LONGEST_AT_ONCE ? brotliCompressSync(text, { params }) : brotliLater(text, { params })
}
