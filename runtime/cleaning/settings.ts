import { ConfigurationError, type Problem } from '../errors.js'
import type { Logger } from '../logger.js'

/** Settings for one call of `collectGarbage`. The options decide which sessions are expired. */
export interface CleaningContext {
  /**
   * Counts expired sessions without deleting them.
   *
   * @default false
   */
  readonly dryRun?: boolean
  /**
   * Number of parts of the table that are cleaned at once, 1 to 100.
   *
   * @default 4
   */
  readonly segments?: number
  /**
   * Limit for the capacity units of scan and deletions together, per second.
   *
   * @default no limit
   */
  readonly rate?: number
  /**
   * Stops after this many sessions were chosen for deletion.
   *
   * @default no limit
   */
  readonly maxItems?: number
  /**
   * Stops after this many seconds.
   *
   * @default no limit
   */
  readonly maxSeconds?: number
  /**
   * Sessions expire only by their own `expire_at`. `max_age` and `max_stale` are ignored, and need not be set.
   *
   * @default false
   */
  readonly expireAtOnly?: boolean
  /**
   * Cleans even if this machine's clock differs from DynamoDB's by more than five minutes. Use it only if this machine's
   * clock is right.
   *
   * @default false
   */
  readonly trustClock?: boolean
  /**
   * Limit of a request with all its attempts. Milliseconds.
   *
   * @default 30_000
   */
  readonly requestTimeout?: number | undefined
  /** When aborted, cleaning finishes the running requests, sends no more requests, and returns the summary. */
  readonly signal?: AbortSignal
  /** Called after each page of the scan and after each delete request. */
  readonly onProgress?: (progress: CleaningProgress) => void
  /**
   * Receives a line about each repeated request, and when sessions are deleted one by one.
   *
   * @default none
   */
  readonly logger?: Logger
}

/** The numbers of one cleaning so far. */
export interface CleaningProgress {
  /** Scanned items of the table, including items that are not sessions. */
  readonly scanned: number
  /** Expired sessions that the scan found. */
  readonly dead: number
  readonly deleted: number
  /** Items that stay: not sessions, not expired, locked, refreshed after the scan, or not reached before a stop. */
  readonly kept: number
  /** Consumed capacity units; an estimate when the endpoint does not report them (DynamoDB Local). */
  readonly capacityUnits: number
  readonly seconds: number
}

type Numbers = Pick<CleaningContext, 'segments' | 'rate' | 'maxItems' | 'maxSeconds'>
export type SettingName = keyof Numbers

const RULES: Record<SettingName, { readonly text: string; readonly accepts: (value: number) => boolean }> = {
  segments: { text: 'a whole number from 1 to 100', accepts: (value) => isCount(value) && value <= 100 },
  rate: { text: 'capacity units a second, more than 0', accepts: isPositive },
  maxItems: { text: 'a whole number, at least 1', accepts: isCount },
  maxSeconds: { text: 'seconds, more than 0', accepts: isPositive },
}

export const SETTING_NAMES = Object.keys(RULES) as SettingName[]

/**
 * @param placeOf the name of a setting as the caller typed it
 * @throws {ConfigurationError} with all problems
 */
export function checkSettings(
  settings: { readonly [N in SettingName]?: unknown },
  placeOf: (name: SettingName) => string = (name) => name,
): void {
  const problems = SETTING_NAMES.flatMap((name): Problem[] => {
    const value = settings[name]
    if (value === undefined || (typeof value === 'number' && RULES[name].accepts(value))) return []
    const shown = typeof value === 'number' ? value : JSON.stringify(value)
    return [{ place: placeOf(name), text: `must be ${RULES[name].text}, not ${shown}` }]
  })
  if (problems.length > 0) throw new ConfigurationError(problems)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0
}
