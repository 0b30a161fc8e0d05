import { afterEach, expect, it, vi } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { isAwsError, isTransient } from '../../../runtime/dynamodb/error-facts.js'
import { explainAwsError } from '../../../runtime/dynamodb/explain-error.js'
import { TableRequestError } from '../../../runtime/errors.js'

/** Errors of AWS that no engine on this machine sends. */
const configuration = resolveConfiguration({ tableName: 'web', kmsKeyId: 'alias/nope', region: 'eu-central-1' }, {})
const request = { action: 'dynamodb:CreateTable', configuration }

afterEach(() => vi.unstubAllEnvs())

function awsError(name: string, message = '', status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}

it.each([
  {
    title: 'an expired token',
    error: awsError('ExpiredTokenException', 'The security token included in the request is expired'),
    text: 'the AWS credentials have expired; sign in again (for example with aws sso login) or fetch new ones',
  },
  {
    title: 'an unknown access key',
    error: awsError('UnrecognizedClientException', 'The security token included in the request is invalid.'),
    text: 'AWS does not accept the credentials (UnrecognizedClientException); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary credentials, AWS_SESSION_TOKEN, and that they belong together',
  },
  {
    title: 'a wrong clock',
    error: awsError('InvalidSignatureException', 'Signature expired: 20250101T000000Z is now earlier than 2025…'),
    text: "AWS refuses the request's time; set this machine's clock",
  },
  {
    title: 'a missing permission',
    error: awsError(
      'AccessDeniedException',
      'User: arn:aws:iam::1:user/ci is not authorized to perform: dynamodb:TagResource on resource: arn:aws:dynamodb:eu-central-1:1:table/web because no identity-based policy allows the dynamodb:TagResource action',
    ),
    text: 'access denied: arn:aws:iam::1:user/ci may not dynamodb:TagResource on arn:aws:dynamodb:eu-central-1:1:table/web; allow dynamodb:TagResource in the IAM policy',
  },
  {
    title: 'an explicit denial',
    error: awsError(
      'AccessDeniedException',
      'User: arn:aws:iam::1:user/ci is not authorized to perform: dynamodb:CreateTable on resource: arn:x with an explicit deny in a service control policy',
    ),
    text: 'access denied: arn:aws:iam::1:user/ci may not dynamodb:CreateTable on arn:x, with an explicit deny in a service control policy; change that policy',
  },
  {
    title: 'throttling',
    error: awsError('RequestLimitExceeded', 'Too many requests'),
    text: 'this account sends AWS too many such requests (RequestLimitExceeded); wait a minute and run it again',
  },
  {
    title: 'too many tables at once',
    error: awsError(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously',
    ),
    text: 'too many tables of this account are being created, changed or deleted at once; wait a minute and run it again (Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously)',
  },
  {
    title: 'too many tables',
    error: awsError('LimitExceededException', 'Subscriber limit exceeded: Account already has 2500 tables'),
    text: 'a limit of the AWS account is reached (Subscriber limit exceeded: Account already has 2500 tables); delete unused tables or ask for a higher quota (Service Quotas, DynamoDB)',
  },
  {
    title: 'too much capacity',
    error: awsError('LimitExceededException', 'Subscriber limit exceeded: Provisioned throughput increase'),
    text: 'a limit of the AWS account is reached (Subscriber limit exceeded: Provisioned throughput increase); lower read_capacity and write_capacity or ask for a higher quota (Service Quotas, DynamoDB)',
  },
  {
    title: 'a KMS key that does not exist',
    error: awsError('ValidationException', 'KMS validation error: Invalid keyId alias/nope'),
    text: "the KMS key can't be used: KMS validation error: Invalid keyId alias/nope; check that kms_key_id (code) exists in this region, is enabled, and allows this account to use it",
  },
  {
    title: 'a table in use',
    error: awsError('ResourceInUseException', 'Attempt to change a resource which is still in use'),
    text: 'another process is creating, changing or deleting the table; wait until it has finished and try again',
  },
  {
    title: 'a missing table',
    error: awsError('ResourceNotFoundException', 'Requested resource not found'),
    text: 'the table does not exist in this region and account; check table_name and region, or create it (npx dynamo-session create-table)',
  },
  {
    title: 'a refused value',
    error: awsError('ValidationException', 'One or more parameter values were invalid:\n  too long'),
    text: 'DynamoDB refuses the request: One or more parameter values were invalid: too long',
  },
  {
    title: 'an SSO session that ended',
    error: awsError('CredentialsProviderError', 'The SSO session has expired. To refresh it run aws sso login.'),
    text: "the AWS credentials can't be used: The SSO session has expired. To refresh it run aws sso login.",
  },
  {
    title: 'anything else',
    error: awsError('OptInRequired', 'Subscribe first'),
    text: 'OptInRequired: Subscribe first',
  },
])('explains $title', ({ error, text }) => {
  vi.stubEnv('AWS_PROFILE', undefined)
  const explained = explainAwsError(error, request)
  expect(explained).toBeInstanceOf(TableRequestError)
  expect(explained.message).toBe(`dynamodb:CreateTable for table "web" failed: ${text}`)
  expect(explained.cause).toBe(error)
})

it("never quotes the request in AWS's error for a wrong signature, which holds a session token", () => {
  const message = "The Canonical String should have been 'POST\n/\nx-amz-security-token:FwoGZXIv'"
  const explained = explainAwsError(awsError('InvalidSignatureException', message, 403), request)
  expect(explained.message).not.toContain('FwoGZXIv')
})

it('names the table of the request when it is not the configured one', () => {
  const explained = explainAwsError(awsError('X', 'y'), { ...request, tableName: 'web_migrations' })
  expect(explained.message).toBe('dynamodb:CreateTable for table "web_migrations" failed: X: y')
})

it('leaves an explained error as it is', () => {
  const explained = new TableRequestError('explained')
  expect(explainAwsError(explained, request)).toBe(explained)
})

it('explains the first of several connection errors (IPv6 and IPv4)', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', address: '::1', port: 8000 })
  expect(explainAwsError(new AggregateError([refused, refused]), request).message).toContain(
    'no connection to ::1:8000',
  )
})

it.each([
  ['throttling', awsError('ThrottlingException')],
  ['throttling inside a TableRequestError', new TableRequestError('x', { cause: awsError('RequestLimitExceeded') })],
  ['status 429', awsError('Unknown', '', 429)],
  ['a fault without a status', awsError('InternalServerError', '', 0)],
  ['status 501', awsError('Unknown', '', 501)],
  ['a timeout', awsError('TimeoutError', '', 0)],
  ['a timeout of AWS', awsError('RequestTimeout')],
  ['a connection that broke', Object.assign(new Error(), { code: 'ECONNRESET' })],
  ['a connection that was aborted', Object.assign(new Error(), { code: 'ECONNABORTED' })],
  ['a foreign response with status 200', awsError('UnreadableAnswerError', '', 200)],
  ['a foreign response with status 503', awsError('UnreadableAnswerError', '', 503)],
])('counts %s as transient', (_, error) => {
  expect(isTransient(error)).toBe(true)
})

it.each([
  ['a missing permission', awsError('AccessDeniedException')],
  ['a wrong request', awsError('ValidationException')],
  ['a foreign response with status 403', awsError('UnreadableAnswerError', '', 403)],
  ['any other error', new Error('x')],
  ['undefined', undefined],
])('does not count %s as transient', (_, error) => {
  expect(isTransient(error)).toBe(false)
})

it('recognises an error of DynamoDB by itself and as a cause', () => {
  const error = awsError('ResourceInUseException')
  expect(isAwsError(error, 'Other', 'ResourceInUseException')).toBe(true)
  expect(isAwsError(explainAwsError(error, request), 'ResourceInUseException')).toBe(true)
  expect(isAwsError(error, 'Other')).toBe(false)
})
