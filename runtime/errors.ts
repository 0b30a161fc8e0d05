import { fitForLine, fitForOutput, textOf } from './fit-for-output.js'

/**
 * The base class of all errors of this package. The message is safe to print: secrets are redacted. As texts of Node's own
 * errors, stack trace and `toString()` begin with class and code: `LockLostError [LOCK_LOST]: …`.
 */
export class DynamoSessionError extends Error {
  override readonly name: string = 'DynamoSessionError'
  /** Identifies the error, such as `SESSION_CONFLICT` or `LOCK_LOST`. Stays the same in later versions. */
  readonly code: string = 'DYNAMO_SESSION'

  constructor(message?: string, options?: ErrorOptions) {
    super(message === undefined ? undefined : fitForOutput(message), options)
    showCodeInStack(this, new.target)
  }

  /** `LockLostError [LOCK_LOST]: message` */
  override toString(): string {
    return `${nameAndCode(this)}: ${this.message}`
  }
}

function nameAndCode({ name, code }: DynamoSessionError): string {
  return `${name} [${code}]`
}

/** V8 writes the first line of a trace when somebody reads the trace. Only then does the error have its name and code. */
function showCodeInStack(error: DynamoSessionError, Class: NewableFunction): void {
  // It inherits from the error, because the application's Error.prepareStackTrace gets it in place of the error.
  const trace = Object.create(error, {
    name: { get: () => nameAndCode(error) },
    toString: { value: () => String(error) },
    stack: { value: '', writable: true, configurable: true },
  })
  Error.captureStackTrace(trace, Class)
  Object.defineProperty(error, 'stack', {
    get: () => trace.stack,
    set: (value) => Object.defineProperty(error, 'stack', { value, writable: true }),
    configurable: true,
  })
}

/** A mistake and its place, such as `config/dynamo_session_store.yml:3:1`, `ENV AWS_…` or `option tableName`. */
export interface Problem {
  readonly place: string
  readonly text: string
}

/** The configuration is not valid. `problems` and the message list every mistake. */
export class ConfigurationError extends DynamoSessionError {
  override readonly name = 'ConfigurationError'
  override readonly code = 'CONFIGURATION'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    const lines = problems.map(({ place, text }) => `${fitForLine(place)}: ${text}`)
    super(
      lines.length === 1
        ? lines[0]
        : [`${lines.length} problems in the configuration of dynamo-session-store:`, ...lines].join('\n  - '),
      options,
    )
    this.problems = problems.map(({ place, text }) => ({ place: fitForLine(place), text: fitForOutput(text) }))
  }
}

/** The table can't hold sessions: it has another key, a sort key, or another Time to Live attribute. */
export class TableSchemaError extends DynamoSessionError {
  override readonly name = 'TableSchemaError'
  override readonly code = 'TABLE_SCHEMA'
}

/**
 * A request for the table (create, delete, describe …) failed. Or a request for a session found no region or connection.
 * The message says in one line how to fix the problem. `cause` is the AWS SDK's error.
 */
export class TableRequestError extends DynamoSessionError {
  override readonly name = 'TableRequestError'
  override readonly code = 'TABLE_REQUEST'
}

/**
 * This machine's clock differs from DynamoDB's by more than five minutes. Cleaning can't tell which sessions expired.
 */
export class WrongClockError extends DynamoSessionError {
  override readonly name = 'WrongClockError'
  override readonly code = 'WRONG_CLOCK'
  /** Milliseconds by which DynamoDB's clock is ahead of this machine's (negative: behind), exact to about a second. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** The stored data, or the data to be stored, is not a session. */
export class SessionDataError extends DynamoSessionError {
  override readonly name = 'SessionDataError'
  override readonly code = 'SESSION_DATA'
}

/** The session is larger than DynamoDB's limit for an item (400 KB). The stored version stays. */
export class SessionTooLargeError extends DynamoSessionError {
  override readonly name = 'SessionTooLargeError'
  override readonly code = 'SESSION_TOO_LARGE'
}

/** The table that should hold the sessions does not exist. */
export class TableMissingError extends DynamoSessionError {
  override readonly name = 'TableMissingError'
  override readonly code = 'TABLE_MISSING'
}

/** The index of a session key does not exist, or DynamoDB is still building it. */
export class IndexMissingError extends DynamoSessionError {
  override readonly name = 'IndexMissingError'
  override readonly code = 'INDEX_MISSING'
}

/**
 * `destroyBy` failed after it had deleted some sessions. `cause` is the failure. Deleted sessions stay deleted. Another
 * call deletes the remaining sessions.
 */
export class DestroyIncompleteError extends DynamoSessionError {
  override readonly name = 'DestroyIncompleteError'
  override readonly code = 'DESTROY_INCOMPLETE'
  /** Number of sessions deleted before the failure. */
  readonly deleted: number

  constructor(message: string, deleted: number, options?: ErrorOptions) {
    super(message, options)
    this.deleted = deleted
  }
}

/**
 * The keys of encrypted sessions could not be loaded, or lack the key of a stored session. Such a session is never
 * overwritten.
 */
export class EncryptionKeyError extends DynamoSessionError {
  override readonly name = 'EncryptionKeyError'
  override readonly code = 'ENCRYPTION_KEY'
}

/** A session id can't be used, for example because the id of a new session belongs to another session. */
export class InvalidSessionIdError extends DynamoSessionError {
  override readonly name = 'InvalidSessionIdError'
  override readonly code = 'INVALID_SESSION_ID'
}

/** The session could not be read, so a save might overwrite stored data. Nothing was written. */
export class SessionUnreadError extends DynamoSessionError {
  override readonly name = 'SessionUnreadError'
  override readonly code = 'SESSION_UNREAD'
}

/**
 * The responses to a request and to its repeats can't be trusted. They came from a program in between (a sign-in page,
 * a load balancer), belonged to another request, or arrived damaged. The error has no `cause`, because the parser's
 * message would quote session data.
 */
export class UnreadableAnswerError extends DynamoSessionError {
  override readonly name = 'UnreadableAnswerError'
  override readonly code = 'UNREADABLE_ANSWER'
  /** The HTTP status of the last response. */
  readonly status: number
  /** true: DynamoDB may have carried out this write or delete. false: the request only reads. */
  readonly maybeWritten: boolean

  constructor(message: string, status: number, maybeWritten: boolean) {
    super(message)
    this.status = status
    this.maybeWritten = maybeWritten
  }
}

/** A request to DynamoDB took longer than `request_timeout`: no connection became free, or no response arrived. */
export class RequestTimeoutError extends DynamoSessionError {
  override readonly name = 'RequestTimeoutError'
  /** Node's code for a timeout. */
  override readonly code = 'ETIMEDOUT'
  /** true: DynamoDB may have carried out this write or delete. false: nothing was written. */
  readonly maybeWritten: boolean

  constructor(message: string, maybeWritten: boolean, options?: ErrorOptions) {
    super(message, options)
    this.maybeWritten = maybeWritten
  }
}

/**
 * The code of an error of this package, or of the first one among its causes. Undefined where only the base class names the
 * kind of error: its code says nothing.
 */
export function codeOf(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth += 1) {
    if (cause instanceof DynamoSessionError && cause.constructor !== DynamoSessionError) return cause.code
  }
  return undefined
}

/** The message of an error, followed by the messages of its causes that add something. */
export function messageOf(error: unknown): string {
  const texts: string[] = []
  for (let cause = error, depth = 0; cause !== undefined && depth < 10; depth += 1) {
    const text = ownMessage(cause)
    if (!texts.some((said) => said.includes(text))) texts.push(text)
    // The cause of a TableRequestError is AWS's error, whose message may repeat the headers of the request.
    cause = cause instanceof Error && !(cause instanceof TableRequestError) ? cause.cause : undefined
  }
  return texts.join('\n  caused by: ')
}

function ownMessage(error: unknown): string {
  const text = error instanceof Error ? error.message || severalMessages(error) || error.name : textOf(error)
  const own = text.replace(/\nRequire stack:[\s\S]*$/, '')
  // Indents the lines of a foreign message, so that no line looks like ours.
  return fitForOutput(error instanceof DynamoSessionError ? own : own.trim().replace(/\r?\n/g, '\n  '))
}

/** The messages inside an AggregateError. Its own message is empty when no address of a host responds. */
function severalMessages(error: Error): string {
  const { errors } = error as { errors?: unknown }
  return Array.isArray(errors) ? [...new Set(errors.map(messageOf))].join('; ') : ''
}

/** Session ids must be signed, but no secret is configured. */
export class MissingSecretKeyError extends DynamoSessionError {
  override readonly name = 'MissingSecretKeyError'
  override readonly code = 'MISSING_SECRET_KEY'
}

/** Another request held the session's lock for longer than `lock_max_wait_time`. */
export class LockWaitTimeoutError extends DynamoSessionError {
  override readonly name = 'LockWaitTimeoutError'
  override readonly code = 'LOCK_WAIT_TIMEOUT'
}

/** Another request took over the session's lock after this request had held it for longer than `lock_expiry_time`. */
export class LockLostError extends DynamoSessionError {
  override readonly name = 'LockLostError'
  override readonly code = 'LOCK_LOST'
  /**
   * false: nothing was written. true: the response to an earlier attempt of this write was lost. Other requests have
   * written since, so it is unknown whether that attempt was applied.
   */
  readonly maybeWritten: boolean

  constructor(message: string, maybeWritten: boolean) {
    super(message)
    this.maybeWritten = maybeWritten
  }
}

/** Other requests changed the session. Thrown at once with `onConflict: 'reject'`, else after ten attempts to merge. */
export class SessionConflictError extends DynamoSessionError {
  override readonly name = 'SessionConflictError'
  override readonly code = 'SESSION_CONFLICT'
  /**
   * false: nothing was written. true: the response to an earlier attempt of this write was lost. Other requests have
   * saved so often since that it is unknown whether that attempt was applied.
   */
  readonly maybeWritten: boolean

  constructor(message: string, maybeWritten = false) {
    super(message)
    this.maybeWritten = maybeWritten
  }
}
