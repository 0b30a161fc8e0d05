import { randomBytes } from 'node:crypto'
import { Readable, type Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { brotliCompressSync, constants, createBrotliCompress, createGzip, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { SessionDataError } from '../../../../runtime/errors.js'
import { LONGEST_TEXT, packData, unpackData } from '../../../../runtime/session/item/compression.js'
import { recordOf } from '../../../../runtime/session/item/session-record.js'

const pack = (json: string, options: Options) => packData(json, resolveConfiguration(options))
/** The JSON of a session with this number of bytes. */
const jsonOf = (bytes: number, character = 'x') => {
  const frame = Buffer.byteLength('{"a":""}')
  const text = character.repeat(Math.floor((bytes - frame) / Buffer.byteLength(character)))
  return `{"a":"${text.padEnd(text.length + bytes - frame - Buffer.byteLength(text), '.')}"}`
}
const brotli = (text: string | Buffer) => Buffer.concat([Buffer.from('br'), brotliCompressSync(text)])
const problem = (bytes: Uint8Array) => (unpackData({ B: bytes }) as { problem: string }).problem

/** The bytes with one byte inverted. */
function damaged(bytes: Buffer, position: number): Buffer {
  const index = (position + bytes.length) % bytes.length
  return Buffer.from(bytes.map((byte, at) => (at === index ? ~byte : byte)))
}

/** 100 MB of zeros, compressed piece by piece. */
async function zeros(compressor: Transform): Promise<Buffer> {
  Readable.from(Array<Buffer>(100).fill(Buffer.alloc(1_000_000))).pipe(compressor)
  return buffer(compressor)
}

const FORMAT = { sessionIdDigest: 'sha256', hashSessionIds: true } as const

describe('the attribute data', () => {
  it.each([['gzip'], ['brotli']] as const)('is smaller with %s, and unpacks to the same text', async (compress) => {
    for (const bytes of [1024, 10_000, 65_536, 65_537, 400_000, LONGEST_TEXT]) {
      const json = jsonOf(bytes, 'ä€😀')
      const packed = await pack(json, { compress })
      expect(packed.B?.byteLength).toBeLessThan(bytes / 2)
      expect(unpackData(packed)).toEqual({ text: json })
    }
  })

  it('is text unless compression is switched on', async () => {
    expect(await pack(jsonOf(5000), {})).toEqual({ S: jsonOf(5000) })
    expect(await pack(jsonOf(5000), { compress: 'none', compressThreshold: 0 })).toEqual({ S: jsonOf(5000) })
  })

  it.each([
    [1023, 'S'],
    [1024, 'B'],
  ])('of %i bytes of UTF-8 is %s, whatever its number of characters', async (bytes, type) => {
    for (const character of ['x', 'ä', '€', '😀']) {
      expect(Object.keys(await pack(jsonOf(bytes, character), { compress: 'gzip' }))).toEqual([type])
    }
  })

  it('is compressed from compress_threshold bytes on', async () => {
    expect(Object.keys(await pack(jsonOf(99), { compress: 'brotli', compressThreshold: 100 }))).toEqual(['S'])
    expect(Object.keys(await pack(jsonOf(100), { compress: 'brotli', compressThreshold: 100 }))).toEqual(['B'])
  })

  it.each([['gzip'], ['brotli']] as const)('stays text where %s does not make it smaller', async (compress) => {
    expect(await pack('{}', { compress, compressThreshold: 0 })).toEqual({ S: '{}' })
    const ascii = `{"a":"${randomBytes(8).toString('base64')}"}`
    expect(await pack(ascii, { compress, compressThreshold: 0 })).toEqual({ S: ascii })
  })

  it('stays text, so that its size is refused, where it is too long to be unpacked', async () => {
    const json = jsonOf(LONGEST_TEXT + 1)
    expect(await pack(json, { compress: 'gzip' })).toEqual({ S: json })
  })

  it('begins with its format: gzip as usual, brotli with the letters br', async () => {
    const json = jsonOf(2000)
    const zipped = await pack(json, { compress: 'gzip' })
    expect(gunzipSync(zipped.B ?? Buffer.of()).toString()).toBe(json)
    const { B } = await pack(json, { compress: 'brotli' })
    expect(Buffer.from(B ?? []).toString('latin1', 0, 2)).toBe('br')
  })
})

describe('reading compressed data', () => {
  it('reads the output of other compressors, also in a view of a larger buffer', () => {
    const json = jsonOf(3000)
    for (const level of [0, 1, 9]) expect(unpackData({ B: gzipSync(json, { level }) })).toEqual({ text: json })
    const window = { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 1 } }
    const packed = Buffer.concat([Buffer.from('br'), brotliCompressSync(json, window)])
    expect(unpackData({ B: packed })).toEqual({ text: json })
    const around = new Uint8Array(packed.length + 20).fill(7)
    around.set(packed, 10)
    expect(unpackData({ B: around.subarray(10, 10 + packed.length) })).toEqual({ text: json })
  })

  it('accepts text of 4 MB, and refuses one byte more', () => {
    for (const compress of [gzipSync, brotli]) {
      expect(unpackData({ B: compress(Buffer.alloc(LONGEST_TEXT, 32)) })).toMatchObject({ text: expect.any(String) })
      expect(problem(compress(Buffer.alloc(LONGEST_TEXT + 1, 32)))).toContain('more than 4194304 bytes (4 MB) of text')
    }
  })

  it('stops unpacking a decompression bomb at the limit, so that memory is bounded', async () => {
    const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }
    const bombs = [
      await zeros(createGzip()),
      Buffer.concat([Buffer.from('br'), await zeros(createBrotliCompress(fast))]),
    ]
    const before = process.resourceUsage().maxRSS
    for (const bomb of bombs) {
      expect(bomb.length).toBeLessThan(409_600)
      expect(problem(bomb)).toContain('more than')
    }
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(40_000) // kilobytes
  })

  it.each([
    ['gzip, cut off', gzipSync(jsonOf(2000)).subarray(0, -9), 'compressed with gzip, and damaged'],
    ['gzip, with another byte in it', damaged(gzipSync(jsonOf(2000)), 12), 'compressed with gzip, and damaged'],
    ['gzip, with another checksum', damaged(gzipSync(jsonOf(2000)), -8), 'compressed with gzip, and damaged'],
    ['the magic of gzip alone', Buffer.of(0x1f, 0x8b), 'compressed with gzip, and damaged'],
    ['brotli, cut off', brotli(jsonOf(2000)).subarray(0, -3), 'compressed with brotli, and damaged'],
    ['br and no brotli', Buffer.from('bread and butter'), 'compressed with brotli, and damaged'],
    ['gzip of what is not UTF-8', gzipSync(Buffer.of(0x7b, 0xc3, 0x28, 0x7d)), 'with gzip, but is not UTF-8 text'],
    ['brotli of what is not UTF-8', brotli(Buffer.of(0x22, 0xed, 0xa0, 0x80, 0x22)), 'brotli, but is not UTF-8 text'],
    ['brotli without its letters', brotliCompressSync(jsonOf(2000)), 'neither with gzip nor with brotli'],
    ['text as bytes', Buffer.from('{"a":1}'), 'neither with gzip nor with brotli'],
    ['the first byte of gzip', Buffer.of(0x1f), 'neither with gzip nor with brotli'],
    ['nothing', Buffer.of(), 'neither with gzip nor with brotli'],
  ])('refuses %s as a session, and says why', (_, bytes, why) => {
    expect(problem(bytes)).toContain(why)
    const read = () => recordOf('an-id-that-must-not-print', { data: { B: bytes } }, FORMAT)
    expect(read).toThrow(SessionDataError)
    expect(read).toThrow(why)
    expect(read).not.toThrow('an-id')
  })

  it('requires the same text as uncompressed data: JSON of an object, or null', () => {
    const read = (text: string) => recordOf('id', { data: { B: gzipSync(text) } }, FORMAT)
    expect(read('{ "a" : 1.0 }')).toMatchObject({ json: '{ "a" : 1.0 }', base: '{ "a" : 1.0 }', data: { a: 1 } })
    expect(read(' null ')).toMatchObject({ json: '{}', data: {}, outdated: undefined })
    expect(() => read('')).toThrow('is not JSON')
    expect(() => read('\uFEFF{}')).toThrow('is not JSON')
    expect(() => read('[]')).toThrow('is not a JSON object')
  })
})
