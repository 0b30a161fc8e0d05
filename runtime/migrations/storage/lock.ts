import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { monotonic, wallClock } from '../../async/clock.js'
import { sleep } from '../../async/sleep.js'
import { DynamoSessionError } from '../../errors.js'
import { fitForLine } from '../../fit-for-output.js'
import type { Logger } from '../../logger.js'

/** The lock as stored while a process holds it. */
export interface LockRecord {
  /** A text for people: `pid 4711 on build-7`. */
  readonly holder: string
  /** When the holder acquired the lock, ISO 8601, by the holder's clock. */
  readonly since: string
  /** Changes with every renewal. A process that sees no change for the length of the lease may take the lock over. */
  readonly version: string
  /** Milliseconds. */
  readonly lease: number
}

/** Keeps the lock. Each method is one atomic operation. */
export interface LockStore {
  /** Undefined when no process holds the lock. */
  read(): Promise<LockRecord | undefined>
  /** Writes `next` if the lock is still as `expected` (undefined: free). Otherwise returns false and writes nothing. */
  write(next: LockRecord, expected: LockRecord | undefined): Promise<boolean>
  /** Frees the lock if it is still as `expected`. Otherwise returns false and changes nothing. */
  remove(expected: LockRecord): Promise<boolean>
}

export interface LockOptions {
  readonly logger: Logger
  /**
   * Milliseconds without a renewal after which another process takes the lock over. The holder renews the lock three
   * times in this period.
   */
  readonly lease: number
}

/** Another process took the lock over, or freed it (`umzug unlock`), while this process held it. */
export class MigrationLockLostError extends DynamoSessionError {
  override readonly name = 'MigrationLockLostError'
  override readonly code = 'MIGRATION_LOCK_LOST'
}

export const DEFAULT_LEASE = 30_000

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 1_000
const REMINDER = 60_000

/** Characters of a record that a message repeats. Anyone who may write to the table can write a record. */
const LONGEST_HOLDER = 200

/**
 * Waits for the lock. This process measures the lease of another holder by its own clock, from the last change of the
 * record. So the clocks of the machines need not agree.
 */
export async function acquireLock(store: LockStore, { logger, lease }: LockOptions): Promise<HeldLock> {
  let seen: { record: LockRecord; at: number } | undefined
  let reminded = Number.NEGATIVE_INFINITY
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    const record = await store.read()
    const now = monotonic()
    if (record && seen?.record.version !== record.version) seen = { record, at: now }
    const left = record && seen ? seen.at + record.lease - now : 0
    if (left <= 0) {
      const own = { holder: holder(), since: new Date(wallClock()).toISOString(), version: randomUUID(), lease }
      if (await replace(store, own, record)) {
        if (record) logger.warn(`took over the migration lock that ${describe(record)} had left behind`)
        return new HeldLock(store, own, logger)
      }
    } else if (record && now - reminded >= REMINDER) {
      logger.info(
        `waiting for the migration lock: ${describe(record)} holds it. This process takes it over after ` +
          `${record.lease / 1000} s without a renewal; npx umzug unlock frees it now`,
      )
      reminded = now
    }
    await sleep(Math.min(pause * (0.5 + Math.random()), Math.max(left, FIRST_PAUSE)))
  }
}

/** The lock while this process holds it. It is renewed until it is released. */
export class HeldLock {
  readonly #store: LockStore
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #record: LockRecord
  /** The last renewal, until its result is known: a request that failed here may have succeeded in the database. */
  #sent: LockRecord | undefined
  #renewedAt = monotonic()
  #lost: MigrationLockLostError | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(store: LockStore, record: LockRecord, logger: Logger) {
    this.#store = store
    this.#record = record
    this.#logger = logger
    this.#timer = setInterval(() => this.#renewInBackground(), record.lease / 3)
    this.#timer.unref()
  }

  /**
   * Makes sure that this process still holds the lock. Called before each migration.
   *
   * @throws {MigrationLockLostError}
   */
  async assertHeld(): Promise<void> {
    await this.#inTurn(() => this.#renew())
  }

  /** Frees the lock. A lock that was lost meanwhile is only a warning: the work is done. */
  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#inTurn(async () => {
      if (this.#lost) return
      const removed = await this.#store.remove(this.#sent ?? this.#record)
      if (removed || (this.#sent && (await this.#store.remove(this.#record)))) return
      const record = await this.#store.read()
      if (record) this.#logger.warn(`${describe(record)} took the migration lock over while this process ran`)
    })
  }

  #renewInBackground(): void {
    this.#inTurn(() => this.#renew()).catch((error: Error) => {
      const left = Math.ceil((this.#renewedAt + this.#record.lease - monotonic()) / 1000)
      this.#logger.warn(
        error instanceof MigrationLockLostError || left <= 0
          ? error.message
          : `the migration lock could not be renewed; another process may take it over in ${left} s: ${error.message}`,
      )
      if (error instanceof MigrationLockLostError) clearInterval(this.#timer)
    })
  }

  async #renew(): Promise<void> {
    if (this.#lost) throw this.#lost
    this.#sent ??= { ...this.#record, version: randomUUID() }
    if (!(await replace(this.#store, this.#sent, this.#record))) {
      const record = await this.#store.read()
      const text = record ? `${describe(record)} holds it now` : 'it was freed (umzug unlock)'
      this.#lost = new MigrationLockLostError(`this process lost the migration lock while it ran: ${text}`)
      throw this.#lost
    }
    this.#record = this.#sent
    this.#sent = undefined
    this.#renewedAt = monotonic()
  }

  /** Sends one request at a time: a renewal must not overtake a release. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }
}

/**
 * Frees the lock, even if another process holds it.
 *
 * @returns the record of the holder; undefined when the lock was free
 */
export async function breakLock(store: LockStore): Promise<LockRecord | undefined> {
  for (;;) {
    const record = await store.read()
    if (!record || (await store.remove(record))) return record
  }
}

export function describe({ holder, since }: LockRecord): string {
  return `${fitForLine(holder, LONGEST_HOLDER)} (since ${fitForLine(since, LONGEST_HOLDER)})`
}

/**
 * Like `write`, but also true if an earlier attempt succeeded and its response was lost. The retry is refused then.
 */
async function replace(store: LockStore, next: LockRecord, expected: LockRecord | undefined): Promise<boolean> {
  return (await store.write(next, expected)) || (await store.read())?.version === next.version
}

function holder(): string {
  return `pid ${process.pid} on ${hostname()}`
}
