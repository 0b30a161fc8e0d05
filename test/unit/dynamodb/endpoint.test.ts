import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type EndpointFacts, endpointFor, partitionName } from '../../../runtime/dynamodb/endpoint.js'
import { sdkRequest } from '../../support/sdk-request.js'

const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' }

/** The SDK's endpoint, in the form of this package; undefined when the SDK refuses to send. */
async function sdkEndpoint({ region, endpoint, accountId, accountIdMode }: EndpointFacts) {
  const request = await sdkRequest({
    region,
    ...(endpoint !== undefined && { endpoint }),
    credentials: { ...keys, ...(accountId !== undefined && { accountId }) },
    ...(accountIdMode !== undefined && { accountIdEndpointMode: accountIdMode as 'preferred' }),
  })
  if (!request) return undefined
  return {
    protocol: request.protocol,
    hostname: request.hostname.replace(/[[\]]/g, ''),
    port: request.port,
    path: request.path,
    host: request.headers.host,
    signingRegion: /Credential=AKID\/\d+\/([^/]*)\//.exec(request.headers.authorization ?? '')?.[1],
  }
}

/** For each of these, this package finds the SDK's endpoint, or leaves the request to the SDK. */
async function compare(facts: EndpointFacts): Promise<boolean> {
  const ours = endpointFor(facts)
  if (ours) expect(ours, JSON.stringify(facts)).toEqual(await sdkEndpoint(facts))
  return ours !== undefined
}

interface Partition {
  readonly id: string
  readonly regions: Record<string, unknown>
  readonly outputs: { readonly dualStackDnsSuffix: string }
}

const partitionsFile = 'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'
const { partitions }: { partitions: readonly Partition[] } = JSON.parse(
  readFileSync(partitionsFile, 'utf8')
    .replace(/^export const partitionsInfo = /, '')
    .replace(/;\s*$/, ''),
)
const regions = partitions.flatMap(({ id, regions: names }) =>
  Object.keys(names)
    .filter((name) => !name.endsWith('-global'))
    .map((name) => ({ id, name })),
)

const none = { endpoint: undefined, accountId: undefined, accountIdMode: undefined }
const account = { ...none, accountId: '123456789012' }

it("knows the SDK's endpoint of every region of every partition", async () => {
  expect(partitions.map(({ id }) => id)).toContain('aws-iso-f')
  expect(regions.length).toBeGreaterThan(45)
  const unknown = []
  for (const { id, name: region } of regions) {
    expect(partitionName(region), region).toBe(id)
    for (const accountIdMode of [undefined, 'preferred', 'disabled']) {
      if (!(await compare({ ...none, region, accountIdMode }))) unknown.push(region)
    }
  }
  expect(unknown).toEqual([])
})

it("knows the SDK's endpoint of an account in every region with such endpoints", async () => {
  const withAccounts = new Set<string>()
  for (const { id, name: region } of regions) {
    for (const accountIdMode of [undefined, 'preferred', 'required']) {
      const known = await compare({ ...account, region, accountIdMode })
      const sdk = await sdkEndpoint({ ...account, region, accountIdMode })
      expect(known, region).toBe(sdk?.hostname.startsWith(account.accountId) === true)
      if (known) withAccounts.add(id)
    }
    expect(await compare({ ...account, region, accountIdMode: 'disabled' })).toBe(true)
  }
  expect([...withAccounts].sort()).toEqual(['aws', 'aws-cn', 'aws-us-gov'])
})

it.each([
  ['an account id that is no number', { ...account, accountId: 'my-account' }],
  ['an account id that is not a host label', { ...account, accountId: '12345678901/' }],
  ['an empty account id', { ...account, accountId: '' }],
  ['an unknown mode', { ...none, accountIdMode: 'sometimes' }],
  ['an unknown mode with an account id', { ...account, accountIdMode: 'sometimes' }],
  ['an empty mode', { ...none, accountIdMode: '' }],
  ['the mode required without an account id', { ...none, accountIdMode: 'required' }],
])('leaves %s to the SDK', (_, facts) => {
  expect(endpointFor({ ...facts, region: 'eu-central-1' })).toBeUndefined()
})

it('never differs from the SDK for odd names of regions', async () => {
  const odd = [
    ...[
      '',
      ' ',
      '*',
      'a',
      '-',
      'a-',
      '-a',
      'a.b',
      'a_b',
      'local',
      'US-EAST-1',
      'aws-global',
      'us-east-1\n',
      'us-east-1/',
    ],
    ...['fips-us-east-1', 'us-east-1-fips', 'fips-aws-global', 'aws-fips', 'us-gov-west-1-fips', 'us-fips-west-1'],
    ...['us-isoz-east-1', 'us-isob-east-1', 'us-iso-east-9', 'eu-isoe-east-1', 'eusc-fr-west-1', 'eusc-de-west-1'],
    ...['cn-south-1', 'us-gov-north-1', 'us-east-01', 'mx-new-7', 'xx-east-1', 'us-e_t-1', 'us-EAST-1', 'a'.repeat(63)],
    ...['a'.repeat(64), 'us-east-1.evil.example#', 'eu-central-1a', 'ap-southeast-12', 'us-gov-east-2', 'cn-north-2'],
  ]
  for (const region of odd) {
    for (const facts of [none, account, { ...none, endpoint: 'http://localhost:8000' }])
      await compare({ ...facts, region })
  }
  expect(endpointFor({ ...none, region: 'local' })).toMatchObject({
    host: 'localhost:8000',
    signingRegion: 'us-east-1',
  })
  expect(endpointFor({ ...none, region: 'mx-new-7' })?.host).toBe('dynamodb.mx-new-7.amazonaws.com')
  expect(endpointFor({ ...none, region: 'xx-east-1' })).toBeUndefined()
  expect(endpointFor({ ...none, region: 'us-east-1-fips', endpoint: 'http://localhost:8000' })).toBeUndefined()
})

const endpoints = [
  ...[
    'http://localhost:8000',
    'http://localhost:8000/',
    'http://127.0.0.1',
    'https://[::1]:8443',
    'http://[fd00::1]/a',
  ],
  ...[
    'http://h:80/x',
    'https://h:443',
    'https://h:80',
    'http://h/a/b',
    'http://h/a/b/',
    'HTTP://HoSt/A',
    'http://0x7f.1',
  ],
  ...['http://h/a/../b', 'https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com', 'http://dynamodb:8000'],
  ...[
    'https://dynamodb.eu-central-1.amazonaws.com',
    'https://dynamodb.us-east-1.api.aws',
    'http://bücher.de',
    'http://h.',
  ],
]

it('knows configured endpoints', async () => {
  const unknown = []
  for (const endpoint of endpoints) {
    for (const facts of [none, account, { ...none, accountIdMode: 'required' }]) {
      if (!(await compare({ ...facts, region: 'eu-central-1', endpoint }))) unknown.push(endpoint)
    }
  }
  expect(unknown).toEqual([])
})

it.each([
  ...[
    'http://h/?a=b',
    'http://h/x?a=b',
    'http://h/#f',
    'http://user@h',
    'http://:password@h',
    'http://h//a',
    'http://h/a//b',
  ],
  ...['http://h/a%20b', 'http://h/ä', 'http://h/a b', 'ftp://h', 'h:8000', 'http://', 'nonsense', ''],
  ...['https://dynamodb.eu-central-1.api.aws', 'https://search-dynamodb.eu-central-1.api.aws:443/x'],
])('leaves the endpoint %s to the SDK', (endpoint) => {
  expect(endpointFor({ ...none, region: 'eu-central-1', endpoint })).toBeUndefined()
})

it('leaves dual-stack endpoints, which the SDK refuses, to the SDK in every partition', async () => {
  for (const { regions: names, outputs } of partitions) {
    const region = Object.keys(names).find((name) => !name.endsWith('-global')) ?? ''
    const facts = { ...none, region, endpoint: `https://dynamodb.${region}.${outputs.dualStackDnsSuffix}` }
    expect(await sdkEndpoint(facts), facts.endpoint).toBeUndefined()
    expect(endpointFor(facts), facts.endpoint).toBeUndefined()
  }
})
