// What DynamoDB would answer, as text of HTTP. It reads only what the clients of the bench say, and only as far as it has
// to: so a stub answers several times the requests that any of the clients can send.
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What every session of the stub holds. */
const DATA = { user_id: 4711, flash: [], cart: [{ sku: 'A-1', n: 2 }], note: 'x'.repeat(300) }

const LIFETIME = 14 * 24 * 3600
const DATA_JSON = JSON.stringify(DATA)
const START = Date.now()
const COOKIE = {
  originalMaxAge: LIFETIME * 1000,
  expires: new Date(START + LIFETIME * 1000).toISOString(),
  httpOnly: true,
  path: '/',
}
/** Digits after the point of times of ours: microseconds, and nine that are random. */
const FRACTION = '123456123456789'

/**
 * Answers the whole requests that came over a connection.
 *
 * @param {Buffer} received
 * @param {(answer: string) => void} send
 * @returns {Buffer | undefined} the beginning of a request that is not there yet
 */
export function answerAll(received, send) {
  for (;;) {
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return received
    const head = received.latin1Slice(0, end)
    const from = end + 4
    const to = from + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (received.length < to) return received
    const operation = /\r\nx-amz-target: *DynamoDB_20120810\.(\w+)/i.exec(head)?.[1]
    send(
      head.startsWith('GET /credentials')
        ? response(credentials(), 'application/json')
        : response(answerTo(operation, received.utf8Slice(from, to))),
    )
    if (received.length === to) return undefined
    received = received.subarray(to)
  }
}

/** @returns the body of the answer, undefined for what is not known */
function answerTo(operation, body) {
  const key = /"Key":\{([^}]*\})\}/.exec(body)?.[1] ?? ''
  if (operation === 'GetItem') return `{"Item":{${itemOf(key)}}}`
  if (operation === 'BatchGetItem') return batchOf(body)
  if (operation === 'PutItem') return '{}'
  if (operation === 'UpdateItem') {
    wrote(key)
    if (body.includes('"ReturnValues":"UPDATED_NEW"')) {
      return `{"Attributes":{"expires":${/":e":(\{[^}]*\})/.exec(body)?.[1]}}}`
    }
  }
  if (operation === 'UpdateItem' || operation === 'DeleteItem') {
    return /"ReturnValues":"ALL_(NEW|OLD)"/.test(body) ? `{"Attributes":{${itemOf(key)}}}` : '{}'
  }
  return undefined
}

/** What a container's endpoint of credentials answers. */
function credentials() {
  return JSON.stringify({
    AccessKeyId: 'ASIAEXAMPLE',
    SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    Token: 'a session token of the bench'.repeat(12),
    Expiration: new Date(Date.now() + 6 * 3600 * 1000).toISOString(),
  })
}

/** Of one table. */
function batchOf(body) {
  const table = /"RequestItems":\{("[^"]*")/.exec(body)?.[1]
  const items = Array.from(body.matchAll(/\{("session_id":\{[^}]*\})\}/g), ([, key]) => `{${itemOf(key)}}`)
  return `{"Responses":{${table}:[${items}]},"UnprocessedKeys":{}}`
}

/** Seconds since the epoch of the last write, by key; without those that were not written. */
const written = new Map()

function wrote(key) {
  if (written.size >= 100_000) written.clear()
  written.set(key, Math.floor(Date.now() / 1000))
}

const begun = Math.floor(START / 1000)
const data = JSON.stringify(DATA_JSON)
const cookie = JSON.stringify(JSON.stringify(COOKIE))
const theirs = JSON.stringify(JSON.stringify({ cookie: COOKIE, ...DATA }))

function itemOf(key) {
  const at = written.get(key) ?? begun
  const expires = at + LIFETIME
  if (key.startsWith('"id":')) {
    return `${key},"expires":{"N":"${expires}"},"type":{"S":"connect-session"},"sess":{"S":${theirs}}`
  }
  const times = `"created_at":{"S":"${begun}.${FRACTION}"},"updated_at":{"S":"${at}.${FRACTION}"}`
  return `${key},"data":{"S":${data}},${times},"expire_at":{"N":"${expires}"},"cookie":{"S":${cookie}}`
}

const ids = randomBytes(39).toString('hex').slice(0, 40).toUpperCase()
let count = 0

function response(body, type = 'application/x-amz-json-1.0') {
  const text = body ?? '{"__type":"com.amazon.coral.service#UnknownOperationException","message":"not known here"}'
  count = (count + 1) % 1e12
  const head =
    `HTTP/1.1 ${body === undefined ? '400 Bad Request' : '200 OK'}\r\nServer: Server\r\nDate: ${date()}\r\n` +
    `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
    `Connection: keep-alive\r\nx-amzn-RequestId: ${ids}${String(count).padStart(12, '0')}\r\n` +
    `x-amz-crc32: ${crc32(text)}\r\n\r\n`
  return head + text
}

let today = ''
let madeAt = 0

function date() {
  const now = Date.now()
  if (now - madeAt >= 1000) {
    madeAt = now - (now % 1000)
    today = new Date(now).toUTCString()
  }
  return today
}
