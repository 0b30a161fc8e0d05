import type { SessionRepository } from '../../../runtime/session/session-repository.js'
import { storedKey } from '../stored-key.js'
import type { Item } from './expressions.js'
import type { Simulation } from './simulation.js'
import type { Table } from './tables.js'

/** Whose session it is. Another session that an application begins has nobody in it. */
export const USER = 'ada'

export interface Outcome {
  /** What must not happen. */
  readonly violations: readonly string[]
  readonly schedule: readonly string[]
  /** Sessions that no cookie names, after requests that failed. */
  readonly orphans: number
  /** The session could not be found any more after requests that failed, though nobody logged out. */
  readonly isLost: boolean
  readonly wasLoggedOut: boolean
  readonly renewals: number
}

export interface OracleSettings {
  readonly table: Table
  /** Sends at once. */
  readonly direct: SessionRepository
  readonly locking: 'none' | 'optimistic' | 'pessimistic'
  /** Whether an acknowledged change must be in the session at the end, though others work with it. Default: true. */
  readonly isSaveFinal?: boolean
  /** Whether the parties learn of every id that the session got, even if their requests fail. Default: false. */
  readonly areIdsKnown?: boolean
}

/** Is told what the parties were told, and knows what must hold of the table then. */
export class Oracle {
  readonly #settings: OracleSettings
  /** Ids that the session had, for all that the parties know. */
  readonly #handedOut = new Set<string>()
  readonly #names = new Map<string, string>()
  readonly #saved: string[] = []
  readonly #violations = new Set<string>()
  #isLoggingOut = false
  #isLoggedOut = false

  constructor(settings: OracleSettings) {
    this.#settings = settings
  }

  /** A short form of an id. */
  readonly nameOf = (id: string): string => {
    const name = this.#names.get(id) ?? `id${this.#names.size}`
    this.#names.set(id, name)
    return name
  }

  /** A party got the session under this id. */
  handOut(id: string): void {
    this.nameOf(id)
    this.#handedOut.add(id)
  }

  isOfSession(id: string): boolean {
    return this.#handedOut.has(id)
  }

  /** A party was told that its change is stored. */
  saved(key: string): void {
    this.#saved.push(key)
  }

  /** A party tries to log out. */
  logsOut(): void {
    this.#isLoggingOut = true
  }

  /** A party was told that it is logged out. */
  loggedOut(): void {
    this.#isLoggedOut = true
  }

  /** A party got an error that tells of a fault of ours. */
  unexpected(simulation: Simulation, error: Error): void {
    // What dynalite calls taken may have been created and deleted meanwhile.
    if (error.name === 'InvalidSessionIdError' && this.#isLoggingOut) return
    this.#violate(simulation, `unexpected ${error.name}`, error.message)
  }

  /** After every step. */
  look(simulation: Simulation): void {
    const { peek } = this.#settings.table
    if (!this.#isLoggedOut || !peek) return
    const opened = [...this.#handedOut].find((id) => isSession(peek(storedKey(id))))
    if (opened !== undefined) this.#violate(simulation, 'a cookie opens the session after an acknowledged logout')
  }

  /** When all is done. */
  async outcome(simulation: Simulation): Promise<Outcome> {
    const { direct, areIdsKnown = false } = this.#settings
    const open: string[] = []
    for (const id of this.#handedOut) if ((await direct.find(id))?.data.user === USER) open.push(id)
    const all: string[] = []
    for await (const { id, data } of direct.all()) if (data.user === USER) all.push(id)
    const named = new Set([...this.#handedOut].map((id) => storedKey(id)))
    const orphans = all.filter((id) => !named.has(storedKey(id))).length
    if (this.#isLoggedOut && open.length > 0) {
      this.#violate(simulation, 'a cookie opens the session after an acknowledged logout')
    }
    if (open.length > 1) this.#violate(simulation, 'two cookies open two sessions')
    const isExplained = simulation.failedRequests + simulation.lateRequests > 0
    if (orphans > 0 && !isExplained) this.#violate(simulation, 'a session that no cookie names')
    const isLost = !this.#isLoggingOut && open.length === 0
    // Where the second write of a change of id has no answer, nor the read that follows, nobody can know the id. And an
    // application does not tell the browser of an id when something else fails in the same request.
    const isExcused = simulation.failedRequests > (areIdsKnown ? 1 : 0)
    if (isLost && !isExcused) {
      this.#violate(simulation, 'no cookie opens the session, and nobody logged out')
    }
    const [only] = open
    if (!this.#isLoggingOut && only !== undefined) await this.#checkSaves(simulation, only)
    await this.#checkLists(simulation, all)
    return {
      violations: [...this.#violations],
      schedule: simulation.schedule,
      orphans,
      isLost,
      wasLoggedOut: this.#isLoggedOut,
      renewals: this.#handedOut.size - 1,
    }
  }

  async #checkSaves(simulation: Simulation, id: string): Promise<void> {
    const { direct, locking, isSaveFinal = true } = this.#settings
    if (locking === 'none' || !isSaveFinal) return
    const data = (await direct.find(id))?.data ?? {}
    const lost = this.#saved.filter((key) => data[key] !== true)
    if (lost.length > 0) this.#violate(simulation, 'an acknowledged change is lost', lost.join(', '))
  }

  /** Of what is in lists, each can be loaded. */
  async #checkLists(simulation: Simulation, all: readonly string[]): Promise<void> {
    const { direct } = this.#settings
    for (const id of all) if (!(await direct.find(id))) this.#violate(simulation, 'all() has what is no session')
  }

  #violate(simulation: Simulation, what: string, detail = ''): void {
    if (!this.#violations.has(what)) simulation.note(`>>> ${what}${detail && `: ${detail}`}`)
    this.#violations.add(what)
  }
}

function isSession(item: Item | undefined): boolean {
  if (!item || item.successor || item.data?.S === undefined) return false
  return JSON.parse(item.data.S).user === USER
}
