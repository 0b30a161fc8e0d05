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
  /** The whole table was cleaned. */
  readonly complete: boolean
  /** What ended cleaning before that. */
  readonly stopped: StopReason | undefined
}

const SEGMENTS = 4

/**
 * Deletes the sessions that are over: not used for `max_stale`, older than `max_age`, or past the `expire_at` that
 * their writer gave them. Other items of the table are neither fetched nor deleted (docs/cleaning.md defines
 * sessions). A session that is refreshed or locked between the scan and its delete survives. A session whose lock is
 * younger than `lock_expiry_time` survives too.
 *
 * Needs `dynamodb:Scan` and `dynamodb:PartiQLDelete`, or `dynamodb:DeleteItem` in place of the latter.
 *
 * ```ts
 * const { deleted } = await collectGarbage({ maxStale: 14 * 24 * 3600 }, { rate: 50 })
 * ```
 *
 * @throws {ConfigurationError} also when neither `max_age` nor `max_stale` is set (but see `expireAtOnly`)
 * @throws {WrongClockError} when this machine's clock differs from DynamoDB's by more than five minutes (but see `trustClock`)
 * @throws {TableSchemaError} when the table has another key than `table_key`, or a sort key
 * @throws {TableRequestError} when DynamoDB refuses a request; what was deleted before stays deleted
 */
export async function collectGarbage(options: Options = {}, context: CleaningContext = {}): Promise<CleaningSummary> {
  checkSettings(context)
  const { logger, requestTimeout } = context
  return await workOnTable(options, { logger, requestTimeout }, async (work) => {
    const old = expiryLimits(work.configuration, context.expireAtOnly ?? false)
    const stop = new StopConditions(context)
    try {
      return await new Cleaning(work, old, context, stop).run()
    } catch (error) {
      throw isOtherKey(error) ? otherKey(work.configuration, error) : error
    } finally {
      stop.dispose()
    }
  })
}

class Cleaning {
  readonly #old: ExpiryLimits
  readonly #dryRun: boolean
  readonly #segments: number
  readonly #stop: StopConditions
  readonly #tally: Progress
  readonly #scan: Scan
  readonly #deletions: Deletions
  readonly #clock: ClockGuard

  constructor(work: TableWork, old: ExpiryLimits, context: CleaningContext, stop: StopConditions) {
    const { segments = SEGMENTS, rate, dryRun = false, trustClock = false, onProgress } = context
    const requests = new CleaningRequests(work, { rate, signal: stop.signal })
    this.#old = old
    this.#dryRun = dryRun
    this.#segments = segments
    this.#stop = stop
    this.#tally = new Progress(requests, onProgress)
    this.#scan = new Scan(work.configuration, requests, { segments, rate })
    this.#deletions = new Deletions(work, requests, this.#tally, rate)
    this.#clock = new ClockGuard(work.serverClock, () => this.#scan.probe(), { trusted: trustClock })
  }

  async run(): Promise<CleaningSummary> {
    const segments = Array.from({ length: this.#segments }, (_, segment) => this.#segmentOrStop(segment))
    const ends = await Promise.allSettled(segments)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    const complete = ends.every((end) => end.status === 'fulfilled' && end.value)
    const stopped = complete ? undefined : this.#stop.reason
    return { ...this.#tally.progress(), dryRun: this.#dryRun, complete, stopped }
  }

  /** When one segment fails, the others end as well. */
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
      (batch) => this.#delete(batch),
      () => this.#deletions.width,
    )
    try {
      return await this.#scanAndDelete(segment, batches)
    } finally {
      await batches.settled()
    }
  }

  /** No page is read before the garbage of the page before, but for a part of a batch, is deleted. */
  async #scanAndDelete(segment: number, batches: Batches): Promise<boolean> {
    let start: Item | undefined
    let garbage: Item[] = []
    do {
      const page = this.#stop.scanning && (await this.#scan.page(segment, start))
      if (!page) break
      // Also where nothing is dead: by a clock that is behind, nothing ever is.
      await this.#clock.now()
      this.#tally.foreign(page.foreign)
      for (const item of page.items) {
        if (!this.#stop.scanning) break
        const dead = isExpired(item, this.#old, wallClock())
        this.#tally.saw(dead)
        if (!dead) continue
        this.#stop.picked()
        garbage.push(item)
        if (garbage.length < this.#deletions.batchSize) continue
        await batches.add(garbage)
        garbage = []
      }
      await batches.end()
      this.#tally.report()
      start = page.next
    } while (start)
    await batches.add(garbage)
    return (await batches.end()) && start === undefined && this.#stop.scanning
  }

  /**
   * Deletes a batch. The clock may have been set since the batch was picked, so it decides once more.
   *
   * @returns whether all were deleted; false when cleaning was stopped
   */
  async #delete(batch: readonly Item[]): Promise<boolean> {
    if (batch.length === 0) return true
    const now = await this.#clock.now()
    const dead = batch.filter((item) => isExpired(item, this.#old, now))
    this.#tally.abandoned(batch.length - dead.length)
    const left = this.#dryRun ? [] : await this.#deletions.delete(dead)
    this.#tally.abandoned(left.length)
    return left.length === 0
  }
}
