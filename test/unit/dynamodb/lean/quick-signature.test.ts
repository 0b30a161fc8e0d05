import { createHash, createHmac } from 'node:crypto'
import { createRequire } from 'node:module'
import { sign } from 'aws4'
import { describe, expect, it } from 'vitest'
import {
  type Credentials,
  QuickSignature,
  type Same,
  type Scope,
} from '../../../../runtime/dynamodb/lean/quick-signature.js'
import { CREDENTIALS } from '../../../support/dynamodb-stub.js'
import { Choices } from '../../../support/model/choices.js'

const SCOPE = { region: 'eu-central-1', service: 'dynamodb' }

interface Case {
  readonly credentials: Credentials
  readonly scope: Scope
  readonly same: Same
  readonly varying: Readonly<Record<string, string>>
  readonly body: string
  readonly now: number
}

type Headers = Record<string, string>

/** All headers but those that are not signed, as another signer gets them. */
function unsigned({ 'user-agent': _, authorization: __, ...headers }: Headers): Headers {
  return headers
}

function quick({ credentials, scope, same, varying, body, now }: Case): Headers {
  const signature = new QuickSignature(credentials, scope, same, Object.keys(varying))
  return byName(signature.sign(body, Object.values(varying), now))
}

/** @param list names and values in turn */
function byName(list: readonly string[]): Headers {
  const headers: Headers = {}
  for (let at = 0; at < list.length; at += 2) headers[list[at] ?? ''] = list[at + 1] ?? ''
  return headers
}

/** What `aws4` makes of the same headers. */
function byAws4({ credentials, scope, same, body }: Case, signed: Headers): unknown {
  const request = { ...scope, method: 'POST', path: same.path, headers: unsigned(signed), body }
  return sign(request, credentials).headers?.Authorization
}

interface SmithySigner {
  sign(request: object, options: object): Promise<{ headers: Headers }>
}

/** The SDK's signer, of the SDK that is installed. */
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

/** What the SDK's signer makes of the same headers; its own are left out. */
async function bySdk({ credentials, scope, same, body, now }: Case, signed: Headers): Promise<string | undefined> {
  const signer = new SignatureV4({ ...scope, credentials, sha256: Sha256, uriEscapePath: true })
  const { 'x-amz-date': _, 'x-amz-content-sha256': __, 'x-amz-security-token': ___, ...headers } = unsigned(signed)
  const request = { method: 'POST', protocol: 'https:', path: same.path, query: {}, headers, body }
  const options = { signingDate: new Date(now), signingRegion: scope.region, signingService: scope.service }
  const result = await signer.sign({ ...request, hostname: headers.host }, options)
  return result.headers.authorization
}

/** Texts that a header can hold. */
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
    scope: { region: choices.of(['eu-central-1', 'us-gov-west-1', 'local', 'cn-north-1']), service: 'dynamodb' },
    same: {
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
  it('is that of another implementation and of the SDK’s signer, for thousands of random requests', async () => {
    const counts = { tokens: 0, spaces: 0 }
    for (let seed = 0; seed < 4000; seed += 1) {
      const each = anyCase(Choices.ofSeed(seed))
      const signed = quick(each)
      if (each.credentials.sessionToken) counts.tokens += 1
      if (Object.values(each.same.headers).some((value) => /\s{2}/.test(value))) counts.spaces += 1
      expect(signed.authorization, `seed ${seed}, aws4`).toBe(byAws4(each, signed))
      expect(signed.authorization, `seed ${seed}, the SDK`).toBe(await bySdk(each, signed))
    }
    expect(counts.tokens).toBeGreaterThan(1000)
    expect(counts.spaces).toBeGreaterThan(1000)
  })

  it('is made anew for each second and each day', () => {
    const headers = { host: 'h', 'content-type': 'a/b', 'user-agent': 'unsigned' }
    const signature = new QuickSignature(CREDENTIALS, SCOPE, { path: '/', headers }, ['x-mark'])
    const times = [
      Date.UTC(2026, 10, 22, 23, 59, 59, 999),
      Date.UTC(2026, 10, 22, 23, 59, 59),
      Date.UTC(2026, 10, 23, 0, 0, 1),
      Date.UTC(2026, 10, 22, 23, 59, 58),
    ]
    for (const now of times) {
      const varying = { 'x-mark': `now=${now}` }
      const signed = byName(signature.sign('{}', Object.values(varying), now))
      const each = { credentials: CREDENTIALS, scope: SCOPE, same: { path: '/', headers }, varying, body: '{}', now }
      expect(signed.authorization).toBe(byAws4(each, signed))
      expect(signed).toMatchObject({
        ...headers,
        ...varying,
        'content-length': '2',
        'x-amz-date': new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, ''),
      })
    }
  })

  it('leaves out of the signature what changes on the way', () => {
    const headers = { host: 'h', 'user-agent': 'unsigned' }
    const sign = (agent: string) => {
      const same = { path: '/', headers: { ...headers, 'user-agent': agent } }
      return byName(new QuickSignature(CREDENTIALS, SCOPE, same, []).sign('{}', [], 0))
    }
    expect(sign('one').authorization).toBe(sign('two').authorization)
    expect(sign('one')['user-agent']).toBe('one')
  })
})
