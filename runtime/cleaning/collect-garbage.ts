import { wallClock } from '../async/clock.js'
import type { Options } from '../configuration/options.js'
import type { Item } from '../session/item/session-record.js'
import { isOtherKey, otherKey } from '../session/requests/errors.js'
import { type TableWork, workOnTable } from '../table/table-work.js'
import { Batches } from './batches.js'
import { ClockGuard } from './clock-guard.js'
import { Deletions } from './deletions.js'
import { type ExpiryLimits, expiryLimits, isExpired } from './is-expired.js'
import { Progress } from './progress.js'
import { CleaningRequests } from './requests.js'
import { Scan } from './scan.js'
import { type CleaningContext, type CleaningProgress, checkSettings } from './settings.js'
import { StopConditions, type StopReason } from './stop-conditions.js'

export interface CleaningSummary extends CleaningProgress {
  readonly dryRun: boolean
  /** Whether the whole table was cleaned. */
  readonly complete: boolean
  /** Why cleaning ended early; undefined when it did not. */
  readonly stopped: StopReason | undefined
}

const SEGMENTS = 4

/**
 * Deletes expired sessions: not used for `max_stale`, older than `max_age`, or past their own `expire_at`. Other items of the
 * table are neither fetched nor deleted (docs/cleaning.md defines sessions). A session that is refreshed or locked between
 * the scan and its deletion stays. A session with a lock younger than `lock_expiry_time` stays too.
 *
 * Needs `dynamodb:Scan`, and `dynamodb:PartiQLDelete` or `dynamodb:DeleteItem`.
 *
 * ```ts
 * const { deleted } = await collectGarbage({ maxStale: 14 * 24 * 3600 }, { rate: 50 })
 * ```
 *
 * @throws {ConfigurationError} also when neither `max_age` nor `max_stale` is set, without `expireAtOnly`
 * @throws {WrongClockError} when this machine's clock differs from DynamoDB's by more than five minutes, without `trustClock`
 * @throws {TableSchemaError} when the table has another key than `table_key`, or a sort key
 * @throws {TableRequestError} when DynamoDB refuses a request; sessions deleted before stay deleted
 */
export async function collectGarbage(options: Options = {}, context: CleaningContext = {}): Promise<CleaningSummary> {
  checkSettings(context)
  const { logger, requestTimeout } = context
  return await workOnTable(options, { logger, requestTimeout }, async (work) => {
    const limits = expiryLimits(work.configuration, context.expireAtOnly ?? false)
    const stop = new StopConditions(context)
    try {
      return await new Cleaning(work, limits, context, stop).run()
    } catch (error) {
      throw isOtherKey(error) ? otherKey(work.configuration, error) : error
    } finally {
      stop.dispose()
    }
  })
}

class Cleaning {
  readonly #limits: ExpiryLimits
  readonly #dryRun: boolean
  readonly #segments: number
  readonly #stop: StopConditions
  readonly #progress: Progress
  readonly #scan: Scan
  readonly #deletions: Deletions
  readonly #clock: ClockGuard
  /** The latest clock time at which a session was found to be expired. Milliseconds since the epoch. */
  #latest = 0

  constructor(work: TableWork, limits: ExpiryLimits, context: CleaningContext, stop: StopConditions) {
    const { segments = SEGMENTS, rate, dryRun = false, trustClock = false, onProgress } = context
    const requests = new CleaningRequests(work, { rate, signal: stop.signal })
    this.#limits = limits
    this.#dryRun = dryRun
    this.#segments = segments
    this.#stop = stop
    this.#progress = new Progress(requests, onProgress)
    this.#scan = new Scan(work.configuration, requests, { segments, rate })
    this.#deletions = new Deletions(work, requests, this.#progress, rate)
    this.#clock = new ClockGuard(work.serverClock, () => this.#scan.probe(), { trusted: trustClock })
  }

  async run(): Promise<CleaningSummary> {
    const segments = Array.from({ length: this.#segments }, (_, segment) => this.#segmentOrStop(segment))
    const ends = await Promise.allSettled(segments)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    const complete = ends.every((end) => end.status === 'fulfilled' && end.value)
    const stopped = complete ? undefined : this.#stop.reason
    return { ...this.#progress.progress(), dryRun: this.#dryRun, complete, stopped }
  }

  /** Cleans a segment. A failure also ends the other segments. */
  async #segmentOrStop(segment: number): Promise<boolean> {
    try {
      return await this.#segment(segment)
    } catch (error) {
      this.#stop.now()
      throw error
    }
  }

  /** @returns whether the segment was cleaned to its end */
  async #segment(segment: number): Promise<boolean> {
    const batches = new Batches(
      (batch) => this.#deleteOrStop(batch),
      () => this.#deletions.width,
    )
    try {
      return await this.#scanAndDelete(segment, batches)
    } finally {
      await batches.settled()
    }
  }

  /** Reads a page only after the previous page's expired sessions were deleted, except for an incomplete batch. */
  async #scanAndDelete(segment: number, batches: Batches): Promise<boolean> {
    let start: Item | undefined
    let batch: Item[] = []
    do {
      const page = this.#stop.scanning && (await this.#scan.page(segment, start))
      if (!page) break
      // Checks the clock even if nothing has expired: with a clock that is behind, nothing ever expires.
      await this.#clock.now()
      this.#progress.foreign(page.foreign)
      for (const item of page.items) {
        if (!this.#stop.scanning) break
        const now = wallClock()
        const expired = isExpired(item, this.#limits, now)
        this.#progress.saw(expired)
        if (!expired) continue
        this.#latest = Math.max(this.#latest, now)
        this.#stop.picked()
        batch.push(item)
        if (batch.length < this.#deletions.batchSize) continue
        await batches.add(batch)
        batch = []
      }
      await batches.end()
      this.#progress.report()
      start = page.next
    } while (start)
    await batches.add(batch)
    return (await batches.end()) && start === undefined && this.#stop.scanning
  }

  /** A failure ends the other batches at once, also while they wait to repeat a request. */
  async #deleteOrStop(batch: readonly Item[]): Promise<boolean> {
    try {
      return await this.#delete(batch)
    } catch (error) {
      this.#stop.now()
      throw error
    }
  }

  /**
   * Deletes the sessions of a batch that are still expired: the clock may have been set back since the scan.
   *
   * @returns false when cleaning was stopped before all were deleted
   */
  async #delete(batch: readonly Item[]): Promise<boolean> {
    if (batch.length === 0) return true
    const now = await this.#clock.now()
    const expired = now >= this.#latest ? batch : batch.filter((item) => isExpired(item, this.#limits, now))
    this.#progress.abandoned(batch.length - expired.length)
    const left = this.#dryRun ? [] : await this.#deletions.delete(expired)
    this.#progress.abandoned(left.length)
    return left.length === 0
  }
}
