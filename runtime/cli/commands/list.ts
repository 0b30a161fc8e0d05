import { monotonic } from '../../async/clock.js'
import { ConfigurationError } from '../../errors.js'
import { jsonForOutput } from '../../fit-for-output.js'
import { hashSessionId } from '../../session/item/session-id.js'
import { hashIn } from '../../session/item/session-key.js'
import { milliseconds } from '../../session/item/timestamp.js'
import { SessionInspection } from '../../session/session-inspection.js'
import { type FoundSession, SessionsByValue } from '../../session/sessions-by-value.js'
import { type ByOptions, hintOfKeys, keyAndValue, sessions } from '../by-option.js'
import { configurationOf, resultLogger, standardError } from '../command.js'
import { isoOf } from '../iso-time.js'
import { displayOf, type ProgressDisplay, readingText, type ScanProgress, type Screen } from '../progress-display.js'
import { timeoutOf, withTransport } from '../timeout.js'

/**
 * A session as `list` prints it: the hash of its id, its handle, and times in UTC. Null means that the item has no such
 * time.
 */
interface Shown {
  readonly session: string
  readonly handle: string
  /** The stored key. Null if it is the session id itself. */
  readonly key: string | null
  readonly created_at: string | null
  readonly updated_at: string | null
  readonly expire_at: string | null
}

export interface ListOptions extends Omit<ByOptions, 'by'> {
  /** Undefined: all sessions. */
  readonly by?: string
  /** How many sessions to print, as typed: those that were created last. */
  readonly newest?: string
}

/**
 * `dynamo-session list`: prints a line for each session, as soon as it is found. So the lines are not sorted, except with
 * `--newest`. Hides the ids.
 */
export async function listCommand(
  options: ListOptions,
  logger = resultLogger(options),
  aside = options.json ? standardError : logger,
  screen: Screen = process.stderr,
): Promise<void> {
  const by = byOf(options)
  const newest = newestOf(options)
  const requestTimeout = timeoutOf(options)
  const given = await configurationOf(options, aside)
  await withTransport(given, { requestTimeout, logger: aside }, async ({ configuration, transport }) => {
    const found: Shown[] = []
    let isFirst = true
    let printed = 0
    const show = (page: readonly FoundSession[]) => {
      const shown = page.map(shownOf)
      printed += shown.length
      if (options.json) found.push(...shown)
      else for (const line of linesOf(shown, isFirst)) logger.info(line)
      if (shown.length > 0) isFirst = false
    }
    if (by) {
      if (options.scan) standardError.info(`reading the whole table "${configuration.tableName}"`)
      const index = new SessionsByValue(configuration, { transport })
      for await (const page of index.pages(by.key, by.value, options)) show(page)
    } else {
      const inspection = new SessionInspection(configuration, { transport })
      if (newest === undefined) for await (const page of inspection.pages()) show(page)
      else {
        const display = await displayOf(readingText, configuration, aside, screen, {
          requestTimeout,
        })
        show(await newestSessions(inspection, newest, display))
      }
    }
    if (options.json) logger.info(jsonForOutput(found))
    else {
      const hint = by ? hintOfKeys(printed, options, configuration) : ''
      logger.info(`${sessions(printed)} in table "${configuration.tableName}"${hint}`)
    }
  })
}

/** Reads all sessions, and keeps those that were created last, the newest first. */
async function newestSessions(
  inspection: SessionInspection,
  wanted: number,
  display: ProgressDisplay<ScanProgress>,
): Promise<readonly FoundSession[]> {
  const started = monotonic()
  let scanned = 0
  let failed = true
  const onRead = (items: number) => {
    scanned += items
    display.show({ scanned, seconds: (monotonic() - started) / 1000 })
  }
  try {
    let newest: readonly FoundSession[] = []
    for await (const page of inspection.pages(onRead)) {
      newest = [...newest, ...page].sort((one, other) => createdAt(other) - createdAt(one)).slice(0, wanted)
    }
    failed = false
    return newest
  } finally {
    display.end({ failed })
  }
}

/** A session without a time of creation counts as the oldest. */
function createdAt(session: FoundSession): number {
  return milliseconds(session.createdAt) ?? 0
}

/** @throws {ConfigurationError} for flags that exclude each other */
function byOf({ by, scan, newest }: ListOptions): ReturnType<typeof keyAndValue> | undefined {
  if (by !== undefined && newest !== undefined) {
    throw new ConfigurationError([{ place: '--newest', text: 'works on all sessions; leave out --by or --newest' }])
  }
  if (by === undefined && scan) {
    throw new ConfigurationError([{ place: '--scan', text: 'changes nothing without --by; leave it out' }])
  }
  return by === undefined ? undefined : keyAndValue(by)
}

/** @throws {ConfigurationError} */
function newestOf({ newest }: ListOptions): number | undefined {
  if (newest === undefined) return undefined
  const wanted = /^\d+$/.test(newest) ? Number(newest) : 0
  if (wanted >= 1 && wanted <= MOST_NEWEST) return wanted
  const text = `must be a whole number, 1 to ${MOST_NEWEST}, not ${JSON.stringify(newest)}`
  throw new ConfigurationError([{ place: '--newest', text }])
}

function shownOf({ id, handle, createdAt, updatedAt, expireAt }: FoundSession): Shown {
  return {
    session: hashSessionId(id),
    handle,
    key: hashIn(id) === undefined ? null : id,
    created_at: isoOf(milliseconds(createdAt)),
    updated_at: isoOf(milliseconds(updatedAt)),
    expire_at: isoOf(expireAt === undefined ? undefined : expireAt * 1000),
  }
}

/** The most sessions that stay in memory. */
const MOST_NEWEST = 100_000

const HEAD: Omit<Shown, 'key'> = {
  session: 'session',
  handle: 'handle',
  created_at: 'created_at',
  updated_at: 'updated_at',
  expire_at: 'expire_at',
}
const TIME_WIDTH = '2026-01-01T00:00:00Z'.length

function linesOf(shown: readonly Shown[], first: boolean): string[] {
  const rows = first && shown.length > 0 ? [HEAD, ...shown] : shown
  return rows.map(({ session, handle, created_at, updated_at, expire_at }) => {
    const times = [created_at, updated_at, expire_at].map((time) => (time ?? '-').padEnd(TIME_WIDTH))
    return [session.padEnd(16), ...times, handle].join('  ')
  })
}
