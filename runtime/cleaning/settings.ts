import { ConfigurationError, type Problem } from '../errors.js'
import type { Logger } from '../logger.js'

/** How cleaning does its work, as opposed to which sessions are old. */
export interface CleaningContext {
  /** Only look: nothing is deleted. */
  readonly dryRun?: boolean
  /** Into how many parts the table is divided, which are cleaned at the same time: 1 to 100. Default: 4. */
  readonly segments?: number
  /** Capacity units a second at most, of the scan and the deletes together. Default: no limit. */
  readonly rate?: number
  /** StopConditions after as many sessions were picked for deletion. Default: no limit. */
  readonly maxItems?: number
  /** StopConditions after as many seconds. Default: no limit. */
  readonly maxSeconds?: number
  /**
   * Let nothing but an item's own `expire_at` end its session; `max_age` and `max_stale` don't count then and need not
   * be set.
   */
  readonly expireAtOnly?: boolean
  /**
   * Clean also where this machine's clock differs from DynamoDB's by more than five minutes, because this clock is right.
   *
   * @default false
   */
  readonly trustClock?: boolean
  /** Milliseconds after which a request ends, its repeats included. Default: 30 000. */
  readonly requestTimeout?: number | undefined
  /** When it is aborted, requests that are in flight are finished, no other is sent, and the summary is returned. */
  readonly signal?: AbortSignal
  /** Called after every page of the scan and after every delete request. */
  readonly onProgress?: (progress: CleaningProgress) => void
  /** Receives one line for whatever deserves one (a request is repeated, deletes go one by one …). Default: none. */
  readonly logger?: Logger
}

/** How far cleaning has come. */
export interface CleaningProgress {
  /** Items of the table that were looked at, sessions or not. */
  readonly scanned: number
  /** Sessions among them that were over, as far as the scan saw. */
  readonly dead: number
  readonly deleted: number
  /** No sessions, alive, locked, refreshed between scan and delete, or not deleted because cleaning stopped before. */
  readonly kept: number
  /** Capacity units consumed; where the endpoint does not tell (DynamoDB Local), an estimate. */
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
 * @param placeOf how a setting is called where it was given
 * @throws {ConfigurationError} with all that is wrong
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
