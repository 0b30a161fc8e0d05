import { fitForLine, fitForOutput } from './fit-for-output.js'

/** The base of all errors of this package. The message may quote anything, and is fit for output. */
export class DynamoSessionError extends Error {
  /** Says which error it is, and stays the same in later versions: `SESSION_CONFLICT`, `LOCK_LOST` … */
  readonly code: string = 'DYNAMO_SESSION'

  constructor(message?: string, options?: ErrorOptions) {
    super(message === undefined ? undefined : fitForOutput(message), options)
  }
}

/** One thing that is wrong, and where: `config/dynamo_session_store.yml:3:1`, `ENV AWS_…`, `option tableName`. */
export interface Problem {
  readonly place: string
  readonly text: string
}

/** The configuration can't be used. Everything that is wrong with it is in `problems` and in the message. */
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

/** A table of this name exists, but sessions can't be kept in it: it has another key, a sort key, or another TTL attribute. */
export class TableSchemaError extends DynamoSessionError {
  override readonly name = 'TableSchemaError'
  override readonly code = 'TABLE_SCHEMA'
}

/**
 * A request for the table itself (create, delete, describe …) failed, or a request for a session found no region or no
 * connection. The message names the remedy in one line; `cause` is the AWS SDK's own error.
 */
export class TableRequestError extends DynamoSessionError {
  override readonly name = 'TableRequestError'
  override readonly code = 'TABLE_REQUEST'
}

/** This machine's clock differs from DynamoDB's by more than five minutes, so nobody knows which sessions are expired. */
export class WrongClockError extends DynamoSessionError {
  override readonly name = 'WrongClockError'
  override readonly code = 'WRONG_CLOCK'
  /** Milliseconds by which DynamoDB's clock is ahead of this machine's, to about a second; negative: behind it. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** What is stored under a session id, or what the application wants to store there, is not a session. */
export class SessionDataError extends DynamoSessionError {
  override readonly name = 'SessionDataError'
  override readonly code = 'SESSION_DATA'
}

/** The session would be larger than the 400 KB that DynamoDB stores in an item; the stored version stays. */
export class SessionTooLargeError extends DynamoSessionError {
  override readonly name = 'SessionTooLargeError'
  override readonly code = 'SESSION_TOO_LARGE'
}

/** The table that should hold the sessions does not exist. */
export class TableMissingError extends DynamoSessionError {
  override readonly name = 'TableMissingError'
  override readonly code = 'TABLE_MISSING'
}

/** The global index by which sessions are looked for does not exist, or DynamoDB has not finished making it. */
export class IndexMissingError extends DynamoSessionError {
  override readonly name = 'IndexMissingError'
  override readonly code = 'INDEX_MISSING'
}

/**
 * Deleting all sessions with some value failed half way; `cause` says why. What was deleted stays deleted: doing the
 * same again deletes the others.
 */
export class DestroyIncompleteError extends DynamoSessionError {
  override readonly name = 'DestroyIncompleteError'
  override readonly code = 'DESTROY_INCOMPLETE'
  /** How many sessions were deleted before. */
  readonly deleted: number

  constructor(message: string, deleted: number, options?: ErrorOptions) {
    super(message, options)
    this.deleted = deleted
  }
}

/** The id of a session can't be used, for example because the id made for a new session is taken. */
export class InvalidSessionIdError extends DynamoSessionError {
  override readonly name = 'InvalidSessionIdError'
  override readonly code = 'INVALID_SESSION_ID'
}

/** The session could not be read, so that saving it might overwrite what is stored; nothing was written. */
export class SessionUnreadError extends DynamoSessionError {
  override readonly name = 'SessionUnreadError'
  override readonly code = 'SESSION_UNREAD'
}

/**
 * The answers to a request, and to its repeats, were not DynamoDB's: they came from something in between (a sign-in page,
 * a load balancer), belonged to another request, or arrived damaged. The error has no `cause`, because the parser's message
 * quotes the answer, and with it session data.
 */
export class UnreadableAnswerError extends DynamoSessionError {
  override readonly name = 'UnreadableAnswerError'
  override readonly code = 'UNREADABLE_ANSWER'
  /** The HTTP status of the last answer. */
  readonly status: number
  /** true: the request was a write or a delete, and DynamoDB may have carried it out. false: it only reads. */
  readonly maybeWritten: boolean

  constructor(message: string, status: number, maybeWritten: boolean) {
    super(message)
    this.status = status
    this.maybeWritten = maybeWritten
  }
}

/** A request to DynamoDB was not finished within `request_timeout`: no connection became free, or no answer came. */
export class RequestTimeoutError extends DynamoSessionError {
  override readonly name = 'RequestTimeoutError'
  /** Node's code for a timeout. */
  override readonly code = 'ETIMEDOUT'
  /** true: the request was a write or a delete, and DynamoDB may have carried it out. false: nothing was written. */
  readonly maybeWritten: boolean

  constructor(message: string, maybeWritten: boolean, options?: ErrorOptions) {
    super(message, options)
    this.maybeWritten = maybeWritten
  }
}

/** The message of an error and of its causes, where they add something. */
export function messageOf(error: unknown): string {
  const texts: string[] = []
  for (let cause = error, depth = 0; cause !== undefined && depth < 10; depth += 1) {
    const text = ownMessage(cause)
    if (!texts.some((said) => said.includes(text))) texts.push(text)
    // What AWS itself said may repeat the headers of the request.
    cause = cause instanceof Error && !(cause instanceof TableRequestError) ? cause.cause : undefined
  }
  return texts.join('\n  caused by: ')
}

function ownMessage(error: unknown): string {
  const text = error instanceof Error ? error.message || severalMessages(error) || error.name : String(error)
  const own = text.replace(/\nRequire stack:[\s\S]*$/, '')
  // A line of a foreign message must not look like one of ours.
  return fitForOutput(error instanceof DynamoSessionError ? own : own.trim().replace(/\r?\n/g, '\n  '))
}

/** What is inside an AggregateError, whose own message is empty when no address of a host answers. */
function severalMessages(error: Error): string {
  const { errors } = error as { errors?: unknown }
  return Array.isArray(errors) ? [...new Set(errors.map(messageOf))].join('; ') : ''
}

/** A secret is needed to sign session ids, and none is configured. */
export class MissingSecretKeyError extends DynamoSessionError {
  override readonly name = 'MissingSecretKeyError'
  override readonly code = 'MISSING_SECRET_KEY'
}

/** The session's lock could not be had within `lock_max_wait_time`. */
export class LockWaitTimeoutError extends DynamoSessionError {
  override readonly name = 'LockWaitTimeoutError'
  override readonly code = 'LOCK_WAIT_TIMEOUT'
}

/** Another request took the session's lock over, because this one held it for longer than `lock_expiry_time`. */
export class LockLostError extends DynamoSessionError {
  override readonly name = 'LockLostError'
  override readonly code = 'LOCK_LOST'
  /**
   * false: nothing was written. true: the answer to an earlier attempt of this write was lost and others have written
   * since, so that it can't be told whether it was applied.
   */
  readonly maybeWritten: boolean

  constructor(message: string, maybeWritten: boolean) {
    super(message)
    this.maybeWritten = maybeWritten
  }
}

/** Other requests changed the session: always with `on_conflict: 'reject'`, else after ten attempts to merge. */
export class SessionConflictError extends DynamoSessionError {
  override readonly name = 'SessionConflictError'
  override readonly code = 'SESSION_CONFLICT'
  /**
   * false: nothing was written. true: the answer to an earlier attempt of this write was lost. Other requests have
   * written so often since that nobody can tell whether the attempt was applied.
   */
  readonly maybeWritten: boolean

  constructor(message: string, maybeWritten = false) {
    super(message)
    this.maybeWritten = maybeWritten
  }
}
