import { inParallel } from '../async/in-parallel.js'
import type { Configuration } from '../configuration/resolve.js'
import { indexText, valueAt } from './item/index-attributes.js'
import { keyringOf } from './item/keyring.js'
import { hashSessionId } from './item/session-id.js'
import { keyOf } from './item/session-key.js'
import type { SessionRecord } from './item/session-record.js'
import { milliseconds } from './item/timestamp.js'
import { report } from './requests/errors.js'
import type { FoundSession, SessionsByValue } from './sessions-by-value.js'

/** How many sessions are ended at the same time. */
const WIDTH = 5

/**
 * Enforces `max_sessions`: when a session gets a value of the first of `index_keys`, ends the oldest sessions with this
 * value. A save that does not change this value costs nothing.
 *
 * A session that was written after the saved one stays, because its request may be a sign-in at the same time. Otherwise
 * two such requests would end each other's session.
 */
export class SessionLimit {
  readonly #configuration: Configuration
  readonly #index: SessionsByValue
  readonly #onEvicted: ((id: string) => void) | undefined

  /** @param onEvicted called with each session that was ended: its id, or with `hash_session_ids` its stored key */
  constructor(configuration: Configuration, index: SessionsByValue, onEvicted?: (id: string) => void) {
    this.#configuration = configuration
    this.#index = index
    this.#onEvicted = onEvicted
  }

  /**
   * Applies the limit after a save. Never rejects: the session is stored, so a failure is only reported.
   *
   * @param before the session as the request loaded it; undefined for a new session
   * @param stored the session as stored now, which stays
   */
  async enforce(before: SessionRecord | undefined, stored: SessionRecord): Promise<void> {
    const [key] = this.#configuration.indexKeys
    const { maxSessions } = this.#configuration
    if (maxSessions === undefined || key === undefined || before?.json === stored.json) return
    const value = this.#textIn(stored, key)
    if (value === undefined || (before && value === this.#textIn(before, key))) return
    try {
      const oldest = await this.#tooOld(key, value, stored, maxSessions)
      await inParallel(oldest, WIDTH, async (session) => {
        if (await this.#index.destroyFound(key, value, session, stored.id)) this.#onEvicted?.(session.id)
      })
    } catch (error) {
      const context = { operation: 'max_sessions', sessionIdHash: hashSessionId(stored.id) }
      report(error, context, this.#configuration.errorHandler)
    }
  }

  async #tooOld(key: string, value: string, stored: SessionRecord, most: number): Promise<FoundSession[]> {
    const own = keyOf(stored.id, this.#configuration)
    const sessions: FoundSession[] = []
    for await (const page of this.#index.pages(key, value)) {
      sessions.push(...page.filter(({ id }) => keyOf(id, this.#configuration) !== own))
    }
    const excess = sessions.length + 1 - most
    if (excess <= 0) return []
    return sessions
      .filter(({ updatedAt }) => timeOf(updatedAt) < timeOf(stored.updatedAt))
      .sort((one, other) => timeOf(one.createdAt) - timeOf(other.createdAt))
      .slice(0, excess)
  }

  #textIn({ json }: SessionRecord, key: string): string | undefined {
    return indexText(valueAt(JSON.parse(json), key), keyringOf(this.#configuration) !== undefined)
  }
}

function timeOf(text: string | undefined): number {
  return milliseconds(text) ?? 0
}
