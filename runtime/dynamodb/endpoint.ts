import type { Configuration } from '../configuration/resolve.js'

/** The region for a DynamoDB on this machine, if no region is set. */
export const LOCAL_REGION = 'us-east-1'

/** Where requests go, and for which region they are signed. */
export interface Endpoint {
  readonly protocol: 'http:' | 'https:'
  /** In the form of node:http: an IPv6 address has no brackets. */
  readonly hostname: string
  /** undefined: the default of the protocol. */
  readonly port: number | undefined
  readonly path: string
  /** The header `host`. */
  readonly host: string
  readonly signingRegion: string
}

export interface EndpointFacts {
  readonly region: string
  /** The endpoint in the configuration; undefined for AWS itself. */
  readonly endpoint: string | undefined
  /** The account of the credentials. */
  readonly accountId: string | undefined
  /** ENV `AWS_ACCOUNT_ID_ENDPOINT_MODE`: `disabled`, `preferred` or `required`. */
  readonly accountIdMode: string | undefined
}

/** Name, region names, suffix of hosts, suffix of dual-stack hosts, and regions that have an endpoint for each account. */
type Partition = readonly [string, RegExp, string, string, RegExp?]

/** A test compares this list with the partitions of the installed SDK. If no partition has the region, the SDK sends. */
const PARTITIONS: readonly Partition[] = [
  ['aws', /^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z0-9]+-\d+$/, 'amazonaws.com', 'api.aws', /./],
  ['aws-us-gov', /^us-gov-[a-z0-9]+-\d+$/, 'amazonaws.com', 'api.aws', /^us-gov-(east|west)-1$/],
  ['aws-cn', /^cn-[a-z0-9]+-\d+$/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn', /^cn-(north|northwest)-1$/],
  ['aws-eusc', /^eusc-de-[a-z0-9]+-\d+$/, 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ['aws-iso', /^us-iso-[a-z0-9]+-\d+$/, 'c2s.ic.gov', 'api.aws.ic.gov'],
  ['aws-iso-b', /^us-isob-[a-z0-9]+-\d+$/, 'sc2s.sgov.gov', 'api.aws.scloud'],
  ['aws-iso-e', /^eu-isoe-[a-z0-9]+-\d+$/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  ['aws-iso-f', /^us-isof-[a-z0-9]+-\d+$/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
]

/** Region names that the SDK accepts, except those of FIPS endpoints. */
const REGION = /^(?!fips-|.*-fips$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The endpoint that the AWS SDK would choose.
 *
 * @returns undefined when the choice is not certain, or when the SDK refuses to send
 */
export function endpointFor(facts: EndpointFacts): Endpoint | undefined {
  const { region } = facts
  if (!REGION.test(region)) return undefined
  if (facts.endpoint !== undefined) return customEndpoint(facts.endpoint, region)
  if (region === 'local') return { ...parts(new URL('http://localhost:8000')), signingRegion: LOCAL_REGION }
  const host = awsHost(facts)
  return host === undefined ? undefined : { ...parts(new URL(`https://${host}`)), signingRegion: region }
}

function awsHost({ region, accountId, accountIdMode = 'preferred' }: EndpointFacts): string | undefined {
  const [, , suffix, , withAccounts] = partitionOf(region) ?? []
  if (suffix === undefined) return undefined
  if (accountIdMode === 'disabled' || (accountId === undefined && accountIdMode === 'preferred')) {
    return `dynamodb.${region}.${suffix}`
  }
  if (!/^(preferred|required)$/.test(accountIdMode) || !/^\d{12}$/.test(accountId ?? '')) return undefined
  if (!withAccounts?.test(region)) return undefined
  return `${accountId}.ddb.${region}.${suffix}`
}

/** The partition in ARNs of this region, such as `aws-cn`. */
export function partitionName(region: string): string {
  return partitionOf(region)?.[0] ?? 'aws'
}

function partitionOf(region: string): Partition | undefined {
  return PARTITIONS.find(([, regions]) => regions.test(region))
}

/** Paths that the SDK signs unchanged. It signs other paths in another form, and drops queries and passwords. */
const PLAIN_PATH = /^(\/[\w.~-]+)*\/?$/

function customEndpoint(endpoint: string, region: string): Endpoint | undefined {
  if (!URL.canParse(endpoint)) return undefined
  const url = new URL(endpoint)
  const { hostname, pathname, username, password, search, hash } = url
  if (!/^https?:$/.test(url.protocol) || !PLAIN_PATH.test(pathname) || username || password || search || hash) {
    return undefined
  }
  const dualStack = partitionOf(region)?.[3] ?? 'api.aws'
  if (/^(search-)?dynamodb\./.test(hostname) && hostname.endsWith(`.${region}.${dualStack}`)) return undefined
  return { ...parts(url), signingRegion: region }
}

function parts({ protocol, hostname, port, pathname, host }: URL): Omit<Endpoint, 'signingRegion'> {
  return {
    protocol: protocol as Endpoint['protocol'],
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ? Number(port) : undefined,
    path: pathname.endsWith('/') ? pathname : `${pathname}/`,
    host,
  }
}

/** The endpoint of the configuration, else of the SDK's ENV names; undefined for AWS itself. */
export function endpointOf(
  { endpoint }: Pick<Configuration, 'endpoint'>,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  return endpoint ?? (env.AWS_ENDPOINT_URL_DYNAMODB || env.AWS_ENDPOINT_URL || undefined)
}

/** Whether the endpoint is on this machine. A DynamoDB there accepts any region and any credentials. */
export function isLocal(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false
  const { hostname } = new URL(endpoint)
  return (
    ['localhost', '[::1]', '0.0.0.0'].includes(hostname) || /^127\./.test(hostname) || hostname.endsWith('.localhost')
  )
}
