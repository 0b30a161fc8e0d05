import { envName } from '../configuration/option-table.js'
import { type Configuration, isProduction } from '../configuration/resolve.js'
import { tableArn } from '../configuration/table-arn.js'
import { TableRequestError } from '../errors.js'
import { fitForOutput, makeErrorFit } from '../fit-for-output.js'
import { endpointOf, isLocal } from './endpoint.js'
import { DENIED, type Facts, factsOf, NETWORK, NOT_FOUND, THROTTLING, TIMEOUT_CODES } from './error-facts.js'

/** The request that failed. */
export interface FailedRequest {
  /** The IAM action, for example `dynamodb:CreateTable`. */
  readonly action: string
  readonly configuration: Configuration
  /** The table of the request, if it is not the configuration's. */
  readonly tableName?: string
}

/**
 * Turns an error of the AWS SDK into one line that says what to do. The line quotes the SDK's own text only where that text is
 * known to be harmless. For a wrong signature, for example, the text repeats the request's headers.
 */
export function explainAwsError(error: unknown, request: FailedRequest): TableRequestError {
  if (error instanceof TableRequestError) return error
  const facts = factsOf(error)
  const failure = { ...facts, message: fitForOutput(facts.message), ...request }
  makeErrorFit(error)
  const tableName = request.tableName ?? request.configuration.tableName
  const message = `${request.action} for table "${tableName}" failed: ${explanationOf(failure)}${ownerHint(request)}`
  return new TableRequestError(oneLine(message), { cause: error })
}

/** Requests that only the table's own account may send. */
const OWNERS = ['dynamodb:CreateTable', 'dynamodb:UpdateTimeToLive']

/** A hint for a table of another account. */
function ownerHint({ action, configuration, tableName = configuration.tableName }: FailedRequest): string {
  const arn = OWNERS.includes(action) ? tableArn(tableName) : undefined
  return arn ? `; only the owner's account may send this request, ${arn.account}` : ''
}

/** Whether a request failed without a region, credentials or a connection, so nothing was sent. */
export function isNotSent(error: unknown): boolean {
  const { code, message, name } = factsOf(error)
  return NO_CONNECTION.includes(code) || NO_REGION.test(message) || NO_CREDENTIALS.includes(name)
}

const NO_CONNECTION = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', ...NOT_FOUND]
const NO_REGION = /^(Region is missing|Region not accepted|Invalid region)/
const NO_CREDENTIALS = ['CredentialsProviderError', 'TokenProviderError', 'ProviderError']

type Failure = Facts & FailedRequest

/** The default port of `dynamo-session local`. */
const LOCAL_PORT = '8000'

const EXPIRED = ['ExpiredTokenException', 'ExpiredToken', 'RequestExpired']
const INVALID_CREDENTIALS = [
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
]

/** What happened, and what to do. The first condition that holds decides. */
function explanationOf(failure: Failure): string {
  const { name, message, code, status, action, tableName } = failure
  const isInvalid = name === 'ValidationException'
  if (NO_REGION.test(message)) return noRegion(failure)
  if (NO_CREDENTIALS.includes(name)) return noCredentials(failure)
  if (EXPIRED.includes(name)) {
    return 'the AWS credentials have expired; sign in again (for example with aws sso login) or fetch new ones'
  }
  if (INVALID_CREDENTIALS.includes(name)) return invalidCredentials(failure)
  if (DENIED.includes(name)) return accessDenied(failure)
  if (name === 'LimitExceededException') return limitExceeded(failure)
  if (THROTTLING.includes(name) || status === 429) {
    return `this account sends AWS too many such requests (${name}); wait a minute and run it again`
  }
  if (isInvalid && /protected against deletion|deletion protection/i.test(message)) {
    return 'the table has deletion protection, so nothing was changed; switch the protection off first (aws dynamodb update-table --no-deletion-protection-enabled)'
  }
  if (/\bKMS/.test(message) || name.startsWith('KMS')) return keyManagement(failure)
  if (isInvalid && /modified multiple times/i.test(message)) {
    return 'Time to Live of this table was changed within the last hour, and AWS allows one change an hour; run it again later'
  }
  if (name === 'ResourceInUseException') {
    return 'another process is creating, changing or deleting the table; wait until it has finished and try again'
  }
  if (name === 'ResourceNotFoundException' || name === 'TableNotFoundException') {
    const creation = tableName ? '' : ', or create it (npx dynamo-session create-table)'
    return `the table does not exist in this region and account; check table_name and region${creation}`
  }
  if (name === 'ContinuousBackupsUnavailableException') {
    return 'backups of this table are still being prepared; run it again in a few minutes'
  }
  if (isInvalid) return `DynamoDB refuses the request: ${message}`
  if (name === 'UnknownOperationException') return `${placeOf(failure)} does not know ${action}`
  if (NETWORK.includes(code)) return unreachable(failure)
  if (name === 'TimeoutError' || TIMEOUT_CODES.includes(code)) {
    return `no response in time from ${placeOf(failure)}; check the network (VPC endpoint, firewall, proxy) and run it again`
  }
  if (code === 'EPROTO' || /CERT|^ERR_(TLS|SSL)|_TO_VERIFY_/.test(code)) {
    return `no secure connection to ${placeOf(failure)} (${code}); check http:// or https:// in the endpoint, and its certificate`
  }
  if (status >= 500) {
    return `${placeOf(failure)} reports an internal error (${name}, HTTP status ${status}); run it again`
  }
  if (name === 'UnreadableAnswerError') return message
  if (name === 'SyntaxError' || code.startsWith('HPE_')) return notDynamoDB(failure)
  return name === 'Error' || name === 'Unknown' ? message : `${name}: ${message}`
}

function noRegion(failure: Failure): string {
  const { message, configuration } = failure
  const { AWS_REGION, AWS_PROFILE } = process.env
  const file = configuration.file ?? 'the configuration file'
  const ways = `set region in ${file}, or AWS_REGION in the environment`
  if (message.startsWith('Region is missing')) {
    const profile = AWS_PROFILE ? `, or in the AWS profile ${AWS_PROFILE}` : ''
    return `no AWS region is set; ${ways}${profile}${localHint(failure)}`
  }
  if (AWS_REGION === '' && configuration.region === undefined && configuration.client === undefined) {
    const unset = AWS_PROFILE ? `, or unset AWS_REGION to use the AWS profile ${AWS_PROFILE}` : ''
    return `no AWS region is set, because ENV AWS_REGION is empty; ${ways}${unset}`
  }
  return 'the region is not a valid name; check the option region and AWS_REGION'
}

function noCredentials(failure: Failure): string {
  const { message } = failure
  const profile = process.env.AWS_PROFILE ? ` (AWS_PROFILE is ${JSON.stringify(process.env.AWS_PROFILE)})` : ''
  if (message.startsWith('Could not load credentials from any providers')) {
    const ways =
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose an AWS profile, or give the machine an IAM role'
    return `no AWS credentials were found${profile}; ${ways}${localHint(failure)}`
  }
  return `the AWS credentials can't be used${profile}: ${message}`
}

/** A developer may have forgotten the endpoint of the local DynamoDB in this terminal. `policy` sends no request. */
function localHint({ action, configuration }: Failure): string {
  const { client } = configuration
  if (action === 'policy' || client || endpointOf(configuration) || isProduction(configuration)) return ''
  return `; for a local DynamoDB, set ${envName('endpoint')}=http://127.0.0.1:${LOCAL_PORT}`
}

function invalidCredentials({ name, message }: Failure): string {
  if (/^Signature (expired|not yet current)/.test(message)) {
    return "AWS refuses the request's time; set this machine's clock"
  }
  const secrets = 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary credentials, AWS_SESSION_TOKEN'
  return `AWS does not accept the credentials (${name}); check ${secrets}, and that they belong together`
}

function accessDenied({ message, action }: Failure): string {
  const found = /(?:User: (\S+) is )?not authorized to perform: (\S+)(?: on resource: (\S+))?/.exec(message)
  const [, who = 'the owner of these credentials', missing = action, resource] = found ?? []
  const where = resource ? ` on ${resource}` : ''
  const denial = /with an explicit deny(?: in an? [a-z -]+)?/.exec(message)
  if (denial) return `access denied: ${who} may not ${missing}${where}, ${denial[0]}; change that policy`
  return `access denied: ${who} may not ${missing}${where}; allow ${missing} in the IAM policy`
}

function limitExceeded({ message }: Failure): string {
  if (/simultaneous|concurrent|too many operations/i.test(message)) {
    return `too many tables of this account are being created, changed or deleted at once; wait a minute and run it again (${message})`
  }
  if (/limited (to|within)|limit(ed)? .*\b(day|hour)|decrease/i.test(message)) {
    return `AWS limits how often this change is allowed (${message}); try again later`
  }
  const capacity = /capacity|throughput/i.test(message)
    ? 'lower read_capacity and write_capacity'
    : 'delete unused tables'
  return `a limit of the AWS account is reached (${message}); ${capacity} or ask for a higher quota (Service Quotas, DynamoDB)`
}

function keyManagement({ message, configuration }: Failure): string {
  const key = configuration.kmsKeyId ? `kms_key_id (${configuration.sources.kmsKeyId})` : "the table's key"
  return `the KMS key can't be used: ${message}; check that ${key} exists in this region, is enabled, and allows this account to use it`
}

function unreachable(failure: Failure): string {
  const { code, configuration } = failure
  const place = placeOf(failure)
  const text = NOT_FOUND.includes(code) ? `the host of ${place} is not found` : `no connection to ${place}`
  const endpoint = endpointFor(configuration)
  if (endpoint && isLocal(endpoint)) {
    return `${text} (${code}); is DynamoDB running there? Start one with: ${localCommand(endpoint)}`
  }
  const check = endpoint ? `check ${endpointSource(configuration)} and the network` : 'check the region and the network'
  return `${text} (${code}); ${check}`
}

/** The command of the quick start, for the port of an endpoint on this machine. */
function localCommand(endpoint: string): string {
  const { port, protocol } = new URL(endpoint)
  const number = port || (protocol === 'https:' ? '443' : '80')
  return `npx dynamo-session local${number === LOCAL_PORT ? '' : ` --port ${number}`} --path .dynamodb`
}

function notDynamoDB(failure: Failure): string {
  const { status } = failure
  const check = `check ${endpointSource(failure.configuration)}`
  const shownStatus = status ? ` (HTTP status ${status})` : ''
  const between = 'look for a proxy, firewall or VPC endpoint in between'
  return `${placeOf(failure)} does not respond like DynamoDB${shownStatus}; ${between}; ${check}. Whether the request was carried out is not known`
}

/** The endpoint of the configuration; undefined for a client of the application, which has its own. */
function endpointFor(configuration: Configuration): string | undefined {
  return configuration.client ? undefined : endpointOf(configuration)
}

/** The endpoint or host of a request; `DynamoDB` when neither is known. */
export function placeOf({ configuration, host }: Pick<Failure, 'configuration' | 'host'>): string {
  const endpoint = endpointFor(configuration)
  if (endpoint === undefined) return host ?? 'DynamoDB'
  if (!URL.canParse(endpoint)) return 'the endpoint'
  const { origin, pathname } = new URL(endpoint)
  return origin + (pathname === '/' ? '' : pathname)
}

function endpointSource(configuration: Configuration): string {
  if (configuration.client) return 'the endpoint of the client'
  if (endpointOf(configuration) === undefined) return 'the network (proxy, captive portal)'
  if (configuration.endpoint) return `the option endpoint (${configuration.sources.endpoint})`
  return process.env.AWS_ENDPOINT_URL_DYNAMODB ? 'ENV AWS_ENDPOINT_URL_DYNAMODB' : 'ENV AWS_ENDPOINT_URL'
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
