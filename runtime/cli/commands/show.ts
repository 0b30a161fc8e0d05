import { monotonic } from '../../async/clock.js'
import { ConfigurationError, DynamoSessionError } from '../../errors.js'
import { fitForLine, jsonForOutput } from '../../fit-for-output.js'
import { type InspectedSession, SessionInspection } from '../../session/session-inspection.js'
import type { ExportedSession } from '../../session/user-session.js'
import { configurationOf, exactLogger, type SharedOptions, standardError } from '../command.js'
import { ask, processTerminal, type Terminal } from '../confirm.js'
import { isoOf } from '../iso-time.js'
import { count, displayOf, readingText, type Screen } from '../progress-display.js'
import { type TimeoutOptions, timeoutOf, withTransport } from '../timeout.js'

export interface ShowOptions extends SharedOptions, TimeoutOptions {
  /** A hash, a handle or a stored key, as `list` prints them. Undefined: an id comes on standard input. */
  readonly session?: string
  readonly data?: boolean
  readonly json?: boolean
}

/** `dynamo-session show`: what is stored of a session. Prints no id, and the data only with `--data`. */
export async function showCommand(
  options: ShowOptions,
  logger = exactLogger,
  aside = standardError,
  terminal: Terminal = processTerminal,
  screen: Screen = process.stderr,
): Promise<void> {
  const { session, data = false } = options
  const requestTimeout = timeoutOf(options)
  const given = await configurationOf(options, aside)
  const id = session === undefined ? await idFrom(terminal) : undefined
  await withTransport(given, { requestTimeout, logger: aside }, async ({ configuration, transport }) => {
    const inspection = new SessionInspection(configuration, { transport })
    const find = async () => {
      if (id !== undefined) return await inspection.byId(id)
      const display = await displayOf(readingText, configuration, aside, screen, {
        requestTimeout,
        isTotalKnown: false,
      })
      const started = monotonic()
      let scanned = 0
      try {
        return await inspection.byName(session ?? '', (items) => {
          scanned += items
          display.show({ scanned, seconds: (monotonic() - started) / 1000 })
        })
      } finally {
        display.end()
      }
    }
    const item = await find()
    if (!item) {
      throw new DynamoSessionError(
        `The table "${fitForLine(configuration.tableName)}" has no such session. It may have expired and been deleted. ` +
          'npx dynamo-session list shows the sessions.',
      )
    }
    const shown = inspection.inspected(item)
    const stored = data ? await inspection.dataOf(item) : undefined
    if (options.json) logger.info(jsonForOutput(jsonOf(shown, stored)))
    else for (const line of linesOf(shown, stored)) logger.info(line)
  })
}

/** @throws {ConfigurationError} when the input is empty */
async function idFrom(terminal: Terminal): Promise<string> {
  const { input } = terminal
  let text = ''
  if (input.isTTY) text = (await ask('Session id: ', terminal)) ?? ''
  else for await (const chunk of input) text += chunk
  const id = text.trim()
  if (id !== '') return id
  const problem = 'is empty; name a session by its hash, as npx dynamo-session list prints it, or pipe in a session id'
  throw new ConfigurationError([{ place: 'standard input', text: problem }])
}

function jsonOf({ lock, ...shown }: InspectedSession, stored: ExportedSession | undefined): object {
  return {
    session: shown.session,
    handle: shown.handle,
    key: shown.key ?? null,
    state: shown.state,
    successor: shown.successor ?? null,
    created_at: isoOf(shown.createdAt),
    updated_at: isoOf(shown.updatedAt),
    expires_at: isoOf(shown.expiresAt),
    lock: lock ? { since: isoOf(lock.since), held: lock.isHeld } : null,
    bytes: shown.size,
    attributes: shown.attributes,
    ...(stored && { data: stored.data ?? null, cookie: stored.cookie ?? null, client: stored.client }),
  }
}

function linesOf(shown: InspectedSession, stored: ExportedSession | undefined): string[] {
  const { lock } = shown
  const lockText = lock && `${lock.isHeld ? 'held' : 'expired'} since ${isoOf(lock.since) ?? 'an invalid time'}`
  const rows: [string, string | undefined][] = [
    ['session', shown.session],
    ['handle', shown.handle],
    ['key', shown.key],
    ['state', shown.successor ? `moved to session ${shown.successor}` : shown.state],
    ['created', isoOf(shown.createdAt) ?? '-'],
    ['updated', isoOf(shown.updatedAt) ?? '-'],
    ['expires', isoOf(shown.expiresAt) ?? 'never'],
    ['lock', lockText ?? 'none'],
    ['size', `${count(shown.size)} bytes`],
  ]
  const lines = rows.flatMap(([label, text]) => (text === undefined ? [] : [`${`${label}:`.padEnd(9)} ${text}`]))
  const names = shown.attributes.map(({ name }) => fitForLine(name))
  const width = Math.max(...names.map((name) => name.length))
  const attributes = shown.attributes.map(
    ({ type, bytes }, index) => `  ${(names[index] ?? '').padEnd(width)}  ${type.padEnd(4)}  ${count(bytes)} bytes`,
  )
  return [...lines, 'attributes:', ...attributes, ...dataLines(stored)]
}

function dataLines(stored: ExportedSession | undefined): string[] {
  if (!stored) return []
  const { data, cookie, client } = stored
  const text = data ? jsonForOutput(data) : "can't be read; requests find no session here"
  return [
    `data: ${text}`,
    ...(cookie ? [`cookie: ${jsonForOutput(cookie)}`] : []),
    ...(Object.keys(client).length > 0 ? [`client: ${jsonForOutput(client)}`] : []),
  ]
}
