import { jsonForOutput } from '../../fit-for-output.js'
import { hashSessionId } from '../../session/item/session-id.js'
import { milliseconds } from '../../session/item/timestamp.js'
import { type FoundSession, SessionsByValue } from '../../session/sessions-by-value.js'
import { type ByOptions, hintOfKeys, keyAndValue, sessions } from '../by-option.js'
import { configurationOf, consoleLogger, standardError } from '../command.js'
import { timeoutOf, withTransport } from '../timeout.js'

/**
 * A session as `list` prints it: the hash of its id, its handle, and times in UTC. Null means that the item has no such
 * time.
 */
interface Shown {
  readonly session: string
  readonly handle: string
  readonly created_at: string | null
  readonly updated_at: string | null
  readonly expire_at: string | null
}

/** `dynamo-session list`: prints a line for each session with a value in its data, as soon as it is found. Hides the ids. */
export async function listCommand(
  options: ByOptions,
  logger = consoleLogger,
  aside = options.json ? standardError : logger,
): Promise<void> {
  const { key, value } = keyAndValue(options.by)
  const requestTimeout = timeoutOf(options)
  const given = await configurationOf(options, aside)
  await withTransport(given, { requestTimeout, logger: aside }, async ({ configuration, transport }) => {
    const found: Shown[] = []
    for await (const page of new SessionsByValue(configuration, { transport }).pages(key, value, options)) {
      const shown = page.map(shownOf)
      if (!options.json) for (const line of linesOf(shown, found.length === 0)) logger.info(line)
      found.push(...shown)
    }
    if (options.json) logger.info(jsonForOutput(found))
    else {
      const hint = hintOfKeys(found.length, configuration)
      logger.info(`${sessions(found.length)} in table "${configuration.tableName}"${hint}`)
    }
  })
}

function shownOf({ id, handle, createdAt, updatedAt, expireAt }: FoundSession): Shown {
  return {
    session: hashSessionId(id),
    handle,
    created_at: isoOf(milliseconds(createdAt)),
    updated_at: isoOf(milliseconds(updatedAt)),
    expire_at: isoOf(expireAt === undefined ? undefined : expireAt * 1000),
  }
}

/** The time in ISO 8601, to the second. Null for an invalid time. */
function isoOf(time: number | undefined): string | null {
  const date = new Date(time ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(/\.\d+Z$/, 'Z')
}

const HEAD: Shown = {
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
