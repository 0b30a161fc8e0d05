import { expect } from 'vitest'

/** Secrets of every kind, made up; none may be seen in any output. */
const SECRETS = {
  sessionToken: `IQoJb3JpZ2luX2VjE${'Ab3dEf9hIj2lMn0pQr4tUv6xYz8'.repeat(8)}==`,
  accessKey: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  bearer: 'abcdef0123456789.ghijklmnop',
  rackId: `${'0f1e2d3c4b5a6978'.repeat(4)}--${'89abcdef01234567'.repeat(4)}`,
  md5RackId: `${'0f1e2d3c4b5a6978'.repeat(2)}--${'89abcdef01234567'.repeat(4)}`,
  randomId: 'a1b2c3d4e5f60718'.repeat(4),
  expressId: 'Yk3nT_9sQx2LmW0-vB7rD4uHcE6aZpJf',
  signedCookie: 's%3AYk3nT_9sQx2LmW0-vB7rD4uHcE6aZpJg.q1Wm2Xn3Yb4Zc5Vd6Ue7Tf8Sg9Rh0Qi1Pj2Ok3Nl4M0',
  signedFastify: 'Yk3nT_9sQx2LmW0-vB7rD4uHcE6aZpJh.q1Wm2Xn3Yb4Zc5Vd6Ue7Tf8Sg9Rh0Qi1Pj2Ok3Nl4L0',
  railsCookie: 'U2FsdGVkX1dGVkX1c2Vzc2lvbg%3D%3D--QmFzZTY0SXZIZXJl1A%3D%3D--dGFnVGFnVGFnVGFn9w%3D%3D',
  password: 'hunter22',
  jsonPassword: 'correct horse battery',
  secretKey: 'not-so-secret-but-long-1',
  itemId: 'short1d9',
}

const { sessionToken, accessKey, secretAccessKey, signature, ...others } = SECRETS

/** What AWS answers to a wrong signature, and more that nobody should see, without line breaks. */
export const HOSTILE_LINE = [
  'a\u001b]0;owned\u0007b\u009b31mc\u202edesrever\u2066d\u007fe\u0000f\r\u0085g\u2028h\u200bi\ufeffj\u{e0041}k\ud800l',
  `x-amz-security-token:${sessionToken}`,
  `{"X-Amz-Security-Token": "${sessionToken}"}`,
  `?X-Amz-Security-Token=${encodeURIComponent(sessionToken)}&X-Amz-Signature=${signature}`,
  `sessionToken: '${sessionToken}' ${sessionToken}`,
  `AWS4-HMAC-SHA256 Credential=${accessKey}/20261128/eu-central-1/dynamodb/aws4_request, Signature=${signature}`,
  `key ${accessKey} AWS_SECRET_ACCESS_KEY=${secretAccessKey} ${secretAccessKey}`,
  `authorization: Bearer ${others.bearer}`,
  `postgres://app:${others.password}@db/app password=${others.password} "password":"${others.jsonPassword}"`,
  `secret_key: ${others.secretKey} {"session_id":{"S":"${others.itemId}"}}`,
  `ids ${others.rackId} ${others.md5RackId} 2::${others.randomId} ${others.randomId} ${others.expressId}`,
  `cookies ${others.signedCookie} ${others.signedFastify} ${others.railsCookie}`,
  `Set-Cookie: rack.session=${others.rackId}; path=/`,
].join(' ')

/** The same in several lines, one of which looks like ours. */
export const HOSTILE = `${HOSTILE_LINE}\nforged: all is well\r\nforged: again\n${'long '.repeat(20_000)}`

/** A name that a file or a migration may have. */
export const HOSTILE_NAME = `1_\u001b[2J\u009b31m\u202e\nforged: ${others.rackId}`

/** Nothing secret and nothing harmful, a tab and line breaks of our own apart. */
export function expectFit(text: string): void {
  for (const [name, secret] of Object.entries(SECRETS)) {
    for (const form of [secret, encodeURIComponent(secret)]) {
      expect(text.includes(form), `${name} in ${JSON.stringify(text.slice(0, 3_000))}`).toBe(false)
    }
  }
  expect(text).not.toMatch(RAW)
  expect(text).not.toMatch(/^(?:(?:warning|error): )?forged/m)
}

const RAW =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\p{Cs}]/u
