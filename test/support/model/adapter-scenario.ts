import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { makeSessionId } from '../../../runtime/session/item/session-id.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import type { RouteSession } from '../adapters/adapter.js'
import { connectionTo } from '../connection.js'
import type { Choices } from './choices.js'
import { type Framework, SECRET, sendingThrough, startFrameworks } from './frameworks.js'
import { Oracle, type Outcome, USER } from './oracle.js'
import { Simulation } from './simulation.js'
import type { Table } from './tables.js'

const SAVING = ['save', 'nothing'] as const
const STAYING = ['save', 'renew', 'nothing', 'renew'] as const
const LEAVING = [...STAYING, 'logout', 'logout', 'renew'] as const

type Work = (typeof LEAVING)[number]

/** Two or three windows of a browser, or browsers with the same cookie, send requests to applications beside each other. */
export class AdapterScenario {
  static readonly names = ['storage', 'manager', 'koa', 'fastify', 'express'] as const

  readonly #frameworks = new Map<string, Promise<readonly Framework[]>>()

  /** @param first the framework of at least one of the parties */
  async run(choices: Choices, table: Table, first: string): Promise<Outcome> {
    const locking = choices.of(['optimistic', 'pessimistic', 'none'] as const)
    const faultRate = choices.of([0, 10, 25, 50])
    const work = choices.of<readonly Work[]>([LEAVING, LEAVING, STAYING, SAVING])
    const frameworks = await this.#started(table.name, locking)
    const configuration = resolveConfiguration({ tableName: table.name, locking })
    const direct = new SessionRepository(configuration, connectionTo(table.client))
    const oracle = new Oracle({ table, direct, locking, isSaveFinal: work === SAVING })
    const simulation: Simulation = new Simulation({
      ...{ choices, backend: table.backend(choices), faultRate, nameOf: oracle.nameOf, turns: 4 },
      onStep: () => oracle.look(simulation),
    })
    const id = makeSessionId({ secretKey: SECRET, sessionIdDigest: 'sha256' })
    await direct.create(id, { user: USER })
    oracle.handOut(id)
    const shared = choices.below(2) === 1 ? { id } : undefined
    const count = 2 + choices.below(2)
    // Else of any framework: they share the table, and here the cookie as well.
    const isAlone = choices.below(2) === 0
    const parties = Array.from({ length: count }, (_, n) => {
      const name = 'ABC'[n] ?? ''
      const framework = n === 0 || isAlone ? frameworks.find((one) => one.name === first) : choices.of(frameworks)
      if (!framework) throw new Error(`there is no framework ${first}`)
      simulation.note(`${name}: ${framework.name}`)
      return new Party({ name, framework, choices, simulation, oracle, work, jar: shared ?? { id } })
    })
    simulation.note(`locking: ${locking}, faults: ${faultRate} %`)
    for (const party of parties) {
      simulation.start(() => sendingThrough(simulation.client(party.name), () => party.run()))
    }
    await simulation.run()
    return oracle.outcome(simulation)
  }

  #started(tableName: string, locking: 'none' | 'optimistic' | 'pessimistic'): Promise<readonly Framework[]> {
    const key = JSON.stringify([tableName, locking])
    const started = this.#frameworks.get(key) ?? startFrameworks({ tableName, locking, touchInterval: 0 })
    this.#frameworks.set(key, started)
    return started
  }
}

interface PartySettings {
  readonly name: string
  readonly framework: Framework
  readonly choices: Choices
  readonly simulation: Simulation
  readonly oracle: Oracle
  readonly work: readonly Work[]
  readonly jar: { id: string }
}

class Party {
  readonly name: string
  readonly #settings: PartySettings
  #saves = 0

  constructor(settings: PartySettings) {
    this.name = settings.name
    this.#settings = settings
  }

  async run(): Promise<void> {
    const { name, choices, simulation, jar, oracle } = this.#settings
    for (let left = 1 + choices.below(3); left > 0; left -= 1) {
      await simulation.turn(`${name} begins a request with the cookie ${oracle.nameOf(jar.id)}`)
      await this.#request(jar.id)
    }
  }

  async #request(cookie: string): Promise<void> {
    const { name, framework, simulation, oracle, jar } = this.#settings
    const done: Done = { isOfUser: false, saved: [], isLoggedOut: false }
    const { ok, id } = await framework.request(cookie, (session) => this.#handle(session, done))
    simulation.note(`${name}: answered with ${ok ? 'success' : 'an error'}${id === undefined ? '' : ', and a cookie'}`)
    if (ok && done.isOfUser) for (const key of done.saved) oracle.saved(key)
    if (ok && done.isLoggedOut && oracle.isOfSession(cookie)) oracle.loggedOut()
    if (!id) return
    if (done.isOfUser) oracle.handOut(id)
    jar.id = id
  }

  async #handle(session: RouteSession, done: Done): Promise<void> {
    const { name, choices, framework, simulation, oracle, work } = this.#settings
    done.isOfUser = session.get('user') === USER
    for (let left = 1 + choices.below(2); left > 0; left -= 1) {
      const next = choices.of(work)
      await simulation.turn(`${name}: ${next}`)
      if (next === 'save') {
        this.#saves += 1
        const key = `${name}${this.#saves}`
        session.set(key, true)
        done.saved.push(key)
      } else if (next === 'renew' && framework.changesIds && done.isOfUser) {
        await session.regenerate(['user', ...done.saved])
      } else if (next === 'logout') {
        oracle.logsOut()
        await session.destroy()
        done.isLoggedOut = true
        return
      }
    }
  }
}

interface Done {
  /** The session that the request got is the one that this is about. */
  isOfUser: boolean
  isLoggedOut: boolean
  readonly saved: string[]
}
