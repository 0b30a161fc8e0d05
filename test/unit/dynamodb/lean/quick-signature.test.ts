import { createHash, createHmac } from 'node:crypto'
import { createRequire } from 'node:module'
import { sign } from 'aws4'
import { describe, expect, it } from 'vitest'
import type { Credentials } from '../../../../runtime/dynamodb/credentials.js'
import { QuickSignature, type Shared } from '../../../../runtime/dynamodb/lean/quick-signature.js'
import { CREDENTIALS } from '../../../support/dynamodb-stub.js'
import { Choices } from '../../../support/model/choices.js'

const REGION = 'eu-central-1'

interface Case {
  readonly credentials: Credentials
  readonly region: string
  readonly shared: Shared
  readonly varying: Readonly<Record<string, string>>
  readonly body: string
  readonly now: number
}

type Headers = Record<string, string>

/** The signed headers, for another signer. */
function unsigned({ 'user-agent': _, authorization: __, ...headers }: Headers): Headers {
  return headers
}

function quick({ credentials, region, shared, varying, body, now }: Case): Headers {
  const signature = new QuickSignature(credentials, region, shared, Object.keys(varying))
  return byName(signature.sign(body, Object.values(varying), now))
}

/** @param list names and values, alternating */
function byName(list: readonly string[]): Headers {
  const headers: Headers = {}
  for (let at = 0; at < list.length; at += 2) headers[list[at] ?? ''] = list[at + 1] ?? ''
  return headers
}

/** The signature of `aws4` for the same headers. */
function byAws4({ credentials, region, shared, body }: Case, signed: Headers): unknown {
  const request = { region, service: 'dynamodb', method: 'POST', path: shared.path, headers: unsigned(signed), body }
  return sign(request, credentials).headers?.Authorization
}

interface SmithySigner {
  sign(request: object, options: object): Promise<{ headers: Headers }>
}

/** The signer of the installed SDK. */
function smithySigner(): new (options: object) => SmithySigner {
  const ofThis = createRequire(import.meta.url)
  const ofSdk = createRequire(ofThis.resolve('@aws-sdk/client-dynamodb'))
  return ofSdk('@smithy/signature-v4').SignatureV4
}

class Sha256 {
  readonly #hash
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

const SignatureV4 = smithySigner()

/** The signature of the SDK's signer for the same headers, which adds three itself. */
async function bySdk({ credentials, region, shared, body, now }: Case, signed: Headers): Promise<string | undefined> {
  const signer = new SignatureV4({ region, service: 'dynamodb', credentials, sha256: Sha256, uriEscapePath: true })
  const { 'x-amz-date': _, 'x-amz-content-sha256': __, 'x-amz-security-token': ___, ...headers } = unsigned(signed)
  const request = { method: 'POST', protocol: 'https:', path: shared.path, query: {}, headers, body }
  const options = { signingDate: new Date(now), signingRegion: region, signingService: 'dynamodb' }
  const result = await signer.sign({ ...request, hostname: headers.host }, options)
  return result.headers.authorization
}

/** Parts of header values. */
const PIECES = [
  'a',
  'host',
  'Z9',
  ' ',
  '  ',
  '\t',
  ' \t ',
  ',',
  ';',
  '=',
  '"',
  '/',
  '+',
  '%20',
  ':',
  '#',
  '~',
  'FwoGZXIvYXdz',
]
const BODIES = ['{}', '', '{"S":"Grüße \u{1f600}"}', '"\ud800"', '\u2028\u0000', 'x'.repeat(5000)]

function anyCase(choices: Choices): Case {
  const text = (most: number) => Array.from({ length: choices.below(most + 1) }, () => choices.of(PIECES)).join('')
  const names = Array.from({ length: choices.below(4) }, (_, index) => `x-${choices.of(['a', 'amz-b', 'z'])}-${index}`)
  const plain = (most: number) => text(most).replace(/\s+/g, '')
  const varyingNames = Array.from({ length: 1 + choices.below(2) }, (_, index) => `amz-sdk-${index}`)
  return {
    credentials: {
      accessKeyId: `AKID${choices.below(1000)}`,
      secretAccessKey: `secret/${plain(5)}+ ${choices.below(1000)}`,
      ...(choices.below(2) === 0 && { sessionToken: `T${text(12)}` }),
    },
    region: choices.of(['eu-central-1', 'us-gov-west-1', 'local', 'cn-north-1']),
    shared: {
      path: choices.of(['/', '/below/', '/below/it.now/~x_y-z/']),
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${choices.of(['GetItem', 'PutItem'])}`,
        'user-agent': text(6),
        host: choices.of(['dynamodb.eu-central-1.amazonaws.com', '[::1]:8000', 'localhost:1']),
        ...Object.fromEntries(names.map((name) => [name, text(6)])),
      },
    },
    varying: Object.fromEntries(varyingNames.map((name) => [name, `v${plain(4)}`])),
    body: choices.of(BODIES) + text(20),
    now: Date.UTC(2026, choices.below(12), 1 + choices.below(28)) + choices.below(86_400_000),
  }
}

describe('the quick signature', () => {
  it('equals those of aws4 and of the SDK’s signer for thousands of random requests', async () => {
    const counts = { tokens: 0, spaces: 0 }
    for (let seed = 0; seed < 4000; seed += 1) {
      const each = anyCase(Choices.ofSeed(seed))
      const signed = quick(each)
      if (each.credentials.sessionToken) counts.tokens += 1
      if (Object.values(each.shared.headers).some((value) => /\s{2}/.test(value))) counts.spaces += 1
      expect(signed.authorization, `seed ${seed}, aws4`).toBe(byAws4(each, signed))
      expect(signed.authorization, `seed ${seed}, the SDK`).toBe(await bySdk(each, signed))
    }
    expect(counts.tokens).toBeGreaterThan(1000)
    expect(counts.spaces).toBeGreaterThan(1000)
  })

  it('changes with each second and each day', () => {
    const headers = { host: 'h', 'content-type': 'a/b', 'user-agent': 'unsigned' }
    const signature = new QuickSignature(CREDENTIALS, REGION, { path: '/', headers }, ['x-mark'])
    const times = [
      Date.UTC(2026, 10, 22, 23, 59, 59, 999),
      Date.UTC(2026, 10, 22, 23, 59, 59),
      Date.UTC(2026, 10, 23, 0, 0, 1),
      Date.UTC(2026, 10, 22, 23, 59, 58),
    ]
    for (const now of times) {
      const varying = { 'x-mark': `now=${now}` }
      const signed = byName(signature.sign('{}', Object.values(varying), now))
      const shared = { path: '/', headers }
      const each = { credentials: CREDENTIALS, region: REGION, shared, varying, body: '{}', now }
      expect(signed.authorization).toBe(byAws4(each, signed))
      expect(signed).toMatchObject({
        ...headers,
        ...varying,
        'content-length': '2',
        'x-amz-date': new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, ''),
      })
    }
  })

  it('does not cover headers that a proxy may change', () => {
    const headers = { host: 'h', 'user-agent': 'unsigned' }
    const sign = (agent: string) => {
      const shared = { path: '/', headers: { ...headers, 'user-agent': agent } }
      return byName(new QuickSignature(CREDENTIALS, REGION, shared, []).sign('{}', [], 0))
    }
    expect(sign('one').authorization).toBe(sign('two').authorization)
    expect(sign('one')['user-agent']).toBe('one')
  })
})
