import { inspect } from 'node:util'
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { GeneratorError } from '../../../generators/files/plan.js'
import packageJson from '../../../package.json' with { type: 'json' }
import { DynamoSessionStore } from '../../../runtime/adapters/express/store.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { isTransient } from '../../../runtime/dynamodb/error-facts.js'
import { explainAwsError } from '../../../runtime/dynamodb/explain-error.js'
import { withoutResponse } from '../../../runtime/dynamodb/request-errors.js'
import * as errors from '../../../runtime/errors.js'
import { storeError } from '../../../runtime/session/requests/errors.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { type Stub, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { environmentWith, folderWith } from '../../support/folder.js'
import { expectFit, HOSTILE, HOSTILE_LINE } from '../../support/hostile.js'

type Constructor = new (message: string, ...more: unknown[]) => Error

/** Checks all parts of an error that an application may print. */
function expectErrorFit(error: unknown): void {
  const { message, stack = '' } = error as Error
  for (const text of [message, stack, String(error), inspect(error, { depth: 6 }), JSON.stringify(error) ?? '']) {
    expectFit(text)
  }
}

function errorClasses(module: object): [string, Constructor][] {
  return Object.entries<unknown>({ ...module }).filter(
    (entry): entry is [string, Constructor] => (entry[1] as { prototype?: unknown }).prototype instanceof Error,
  )
}

const CLASSES = errorClasses({ ...errors, GeneratorError })

it.each(CLASSES.filter(([name]) => name !== 'ConfigurationError'))(
  '%s repeats nothing secret or harmful',
  (_, Class) => {
    const error = new Class(HOSTILE_LINE)
    expectErrorFit(error)
    expect(error).toBeInstanceOf(errors.DynamoSessionError)
  },
)

it.each(CLASSES)('%s shows its code in its stack trace, its text and the output of console', (name, Class) => {
  const problems = [{ place: 'x', text: 'y' }]
  const error = name === 'ConfigurationError' ? new errors.ConfigurationError(problems) : new Class('it broke')
  const { message, code } = error as errors.DynamoSessionError
  const title = `${name} [${code}]: ${message}`
  expect(error.stack).toMatch(new RegExp(`^${title.replace(/[[\]]/g, '\\$&')}\\n {4}at .*errors\\.test\\.ts`))
  expect(String(error)).toBe(title)
  expect(inspect(error).startsWith(`${title}\n`)).toBe(true)
  expect(message).not.toContain(code)
})

it('the stack trace of an error stays after a copy by structuredClone, and can be replaced', () => {
  const error = new errors.TableMissingError('no table')
  expect(structuredClone(error).stack).toMatch(/no table\n {4}at .*errors\.test\.ts/)
  error.stack = 'another one'
  expect(error.stack).toBe('another one')
})

it('Error.prepareStackTrace of an application gets an error with class, code and message', () => {
  const { prepareStackTrace } = Error
  onTestFinished(() => {
    Error.prepareStackTrace = prepareStackTrace
  })
  Error.prepareStackTrace = (given) => [given instanceof errors.TableMissingError, String(given), given.message].join()
  const error = new errors.TableMissingError('no table')
  expect(error.stack).toBe(`true,${error},no table`)
})

it('ConfigurationError and its problems quote nothing secret or harmful', () => {
  const problem = { place: HOSTILE, text: HOSTILE_LINE }
  for (const problems of [[problem], [problem, problem]]) {
    const error = new errors.ConfigurationError(problems)
    expectErrorFit(error)
    for (const { place, text } of error.problems) expectFit(place + text)
  }
})

describe('the error classes that the package exports', async () => {
  const entries = Object.keys(packageJson.exports).filter((path) => !path.endsWith('.json'))
  const modules = await Promise.all(
    entries.map((path) => import(`../../../runtime/${path === '.' ? 'index' : path.slice(2)}.ts`)),
  )
  const exported = [...new Map(modules.flatMap(errorClasses))]

  it('include the base and those of migrations', () => {
    expect(exported.map(([name]) => name)).toEqual(
      expect.arrayContaining(['DynamoSessionError', 'LockLostError', 'MigrationLockLostError', 'SessionConflictError']),
    )
  })

  it('all extend DynamoSessionError and have a code of their own', () => {
    const codes = exported.map(([name, Class]) => {
      const problems = name === 'ConfigurationError' ? [] : 'text'
      const error = new Class(problems as string)
      expect(error).toBeInstanceOf(errors.DynamoSessionError)
      const { code } = error as errors.DynamoSessionError
      expect(code).toMatch(/^[A-Z_]+$/)
      if (name !== 'DynamoSessionError') expect(error.name).toBe(name)
      return code
    })
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('have the documented codes', () => {
    expect(new errors.SessionConflictError('changed')).toMatchObject({ code: 'SESSION_CONFLICT' })
    expect(new errors.LockLostError('taken over', false)).toMatchObject({ code: 'LOCK_LOST' })
    expect(new errors.DynamoSessionError('it broke', { cause: 1 })).toMatchObject({ code: 'DYNAMO_SESSION', cause: 1 })
  })
})

describe('a request that AWS quotes in its error', () => {
  let stub: Stub

  beforeAll(async () => {
    stub = await startStub()
  })
  afterAll(() => stub.stop())
  beforeEach(() => environmentWith({ AWS_MAX_ATTEMPTS: '1' }))

  const reported: Error[] = []
  const storeWith = (options: Options) =>
    new DynamoSessionStore({
      endpoint: stub.endpoint,
      root: folderWith(),
      errorHandler: { handle: (error) => reported.push(error) },
      ...options,
    })

  function answer(name: string, status: number): void {
    const body = { __type: `com.amazon.coral.service#${name}`, message: HOSTILE, Message: HOSTILE, detail: HOSTILE }
    stub.answer((_, response) => sendJson(response, body, status))
  }

  it.each(['lean', 'sdk'] as const)('is thrown by stores without its secrets, transport %s', async (transport) => {
    answer('InvalidSignatureException', 403)
    const store = storeWith({ transport })
    const error = await store.get('s1').catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'InvalidSignatureException', $metadata: { httpStatusCode: 403 } })
    expect((error as Error).message).toContain('x-amz-security-token:[redacted]')
    expectErrorFit(error)
    expectErrorFit(await store.destroy('s1').catch((failure: unknown) => failure))
    expectErrorFit(await store.set('s1', { cookie: {} } as never).catch((failure: unknown) => failure))
    expectErrorFit(await store.destroyBy('user_id', '1', { scan: true }).catch((failure: unknown) => failure))
  })

  it.each(['lean', 'sdk'] as const)('has a name and other members without secrets, transport %s', async (transport) => {
    const members = { error: { [HOSTILE]: [HOSTILE, { deep: HOSTILE }] }, code: 'E\u001b[31m' }
    stub.answer((_, response) => sendJson(response, { __type: 'x#Odd\u001b[31mException', ...members }, 400))
    const error = await storeWith({ transport, raiseErrors: true })
      .get('s1')
      .catch((failure: unknown) => failure)
    expect(error).toMatchObject({ name: 'Odd\\x1b[31mException', code: 'E\\x1b[31m' })
    expectErrorFit(error)
  })

  it('reaches the error handler without its secrets', async () => {
    answer('InternalServerError', 500)
    reported.length = 0
    await storeWith({}).get('s1')
    expect(reported).toHaveLength(1)
    expect(reported[0]).toBeInstanceOf(Error)
    expectErrorFit(reported[0])
  })

  it('is thrown by table functions without its secrets, even in the cause', async () => {
    answer('ValidationException', 400)
    const error = await describeTable({ endpoint: stub.endpoint, root: folderWith() }).catch(
      (failure: unknown) => failure,
    )
    expect(error).toBeInstanceOf(errors.TableRequestError)
    expect((error as Error).cause).toBeInstanceOf(DynamoDBServiceException)
    expectErrorFit(error)
  })
})

describe('a store whose table does not exist', () => {
  let stub: Stub

  beforeAll(async () => {
    stub = await startStub()
    stub.answer((_, response) => sendJson(response, { __type: 'x#ResourceNotFoundException' }, 400))
  })
  afterAll(() => stub.stop())
  beforeEach(() => environmentWith())

  const messageOf = async (options: Options) => {
    const error = await new DynamoSessionStore(options).get('s1').catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(errors.TableMissingError)
    return (error as Error).message
  }

  it('says that no configuration file was found, and where it looked', async () => {
    const root = folderWith()
    expect(await messageOf({ root, endpoint: stub.endpoint })).toBe(
      `The table "sessions" (table_name: default; no configuration file in ${root}) does not exist at ${stub.endpoint}: ` +
        'npx umzug up, or npx dynamo-session create-table, creates it.',
    )
  })

  it('names the source of the name, and the region', async () => {
    const file = 'config/dynamo_session_store.yml'
    const root = folderWith({ [file]: 'table_name: shop\nregion: eu-central-1\n' })
    const missing = Object.assign(new Error('none'), { name: 'ResourceNotFoundException' })
    expect(storeError(missing, resolveConfiguration({ root }))).toMatchObject({
      message: expect.stringContaining(`The table "shop" (table_name: ${file}:1) does not exist in eu-central-1: npx`),
    })
    const empty = resolveConfiguration({ root: folderWith({ [file]: '' }) })
    expect(storeError(missing, empty)).toMatchObject({
      message: expect.stringContaining('(table_name: default) does not exist in this region and account: npx'),
    })
  })
})

describe("a store that can't send its requests", () => {
  beforeEach(() => environmentWith({ AWS_MAX_ATTEMPTS: '1' }))

  it.each(['lean', 'sdk'] as const)('says what to do where nothing listens, transport %s', async (transport) => {
    const options = { endpoint: 'http://127.0.0.1:1', raiseErrors: true, root: folderWith(), transport }
    const error = await new DynamoSessionStore(options).get('s1').catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(errors.TableRequestError)
    expect(error).toMatchObject({
      name: 'TableRequestError',
      code: 'TABLE_REQUEST',
      message:
        'a request for table "sessions" failed: no connection to http://127.0.0.1:1 (ECONNREFUSED); is DynamoDB running there? Start one with: npx dynamo-session local --port 1 --path .dynamodb',
      cause: { code: 'ECONNREFUSED' },
    })
    expect((error as Error).cause).not.toBeInstanceOf(errors.TableRequestError)
    expect(isTransient(error)).toBe(true)
  })

  it('survives a refused connection like the SDK’s error', async () => {
    const reported: Error[] = []
    const errorHandler = { handle: (error: Error) => reported.push(error) }
    const store = new DynamoSessionStore({ endpoint: 'http://127.0.0.1:1', root: folderWith(), errorHandler })
    expect(await store.get('s1')).not.toBeInstanceOf(Error)
    expect(reported.map(({ message }) => message)).toEqual([expect.stringContaining('npx dynamo-session local')])
  })

  it.each(['lean', 'sdk'] as const)(
    'throws without a region and says how to set one, transport %s',
    async (transport) => {
      const error = await new DynamoSessionStore({ root: folderWith(), transport })
        .get('s1')
        .catch((failure: unknown) => failure)
      expect(error).toMatchObject({
        name: 'TableRequestError',
        message:
          'a request for table "sessions" failed: no AWS region is set; set region in the configuration file, or AWS_REGION in the environment; for a local DynamoDB, set AWS_DYNAMO_DB_SESSION_ENDPOINT=http://127.0.0.1:8000',
        code: 'TABLE_REQUEST',
        cause: { message: 'Region is missing' },
      })
      expect(isTransient(error)).toBe(false)
    },
  )

  it.each(['lean', 'sdk'] as const)(
    'throws without credentials and says how to give some, transport %s',
    async (transport) => {
      const credentials = async () => {
        throw Object.assign(new Error('Could not load credentials from any providers'), {
          name: 'CredentialsProviderError',
        })
      }
      const options = { region: 'eu-central-1', credentials, root: folderWith(), transport }
      const error = await new DynamoSessionStore(options).get('s1').catch((failure: unknown) => failure)
      expect(error).toMatchObject({
        name: 'TableRequestError',
        message:
          'a request for table "sessions" failed: no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose an AWS profile, or give the machine an IAM role; for a local DynamoDB, set AWS_DYNAMO_DB_SESSION_ENDPOINT=http://127.0.0.1:8000',
        code: 'TABLE_REQUEST',
        cause: { name: 'CredentialsProviderError' },
      })
    },
  )

  it.each([
    ['ECONNRESET', 'TimeoutError'],
    ['EPIPE', 'TimeoutError'],
    ['ETIMEDOUT', 'TimeoutError'],
  ])('leaves the SDK’s error for a broken connection (%s, %s), because the request may have arrived', (code, name) => {
    const broken = Object.assign(new Error('socket hang up'), { code, name })
    expect(storeError(broken, resolveConfiguration({ root: folderWith() }))).toBe(broken)
    expect(isTransient(broken)).toBe(true)
  })
})

it('explains a foreign response on the command line as in a store', () => {
  const configuration = resolveConfiguration({ root: folderWith(), endpoint: 'http://127.0.0.1:8000' })
  const syntax = Object.assign(new SyntaxError('Unexpected token'), { $metadata: { httpStatusCode: 200 } })
  const ours = withoutResponse(syntax, 'DeleteItem', { TableName: 'sessions', Key: {} }) as Error
  expect(ours).toBeInstanceOf(errors.UnreadableAnswerError)
  const request = { action: 'dynamodb:Scan', configuration }
  expect(explainAwsError(ours, request).message).toContain(ours.message)
  const explained = explainAwsError(syntax, request).message
  for (const text of [
    '(HTTP status 200)',
    'proxy, firewall or VPC endpoint',
    'Whether the request was carried out is not known',
  ]) {
    expect(explained).toContain(text)
    expect(ours.message).toContain(text)
  }
})

it('messageOf indents the further lines of a foreign text', () => {
  expect(errors.messageOf(new Error('a\nerror: b\r\nc'))).toBe('a\n  error: b\n  c')
  expectFit(errors.messageOf(new Error(HOSTILE, { cause: new AggregateError([new Error(HOSTILE)]) })))
})
