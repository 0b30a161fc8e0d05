import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Options } from '../../../runtime/configuration/options.js'
import { type Configuration, resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { SessionData } from '../../../runtime/session/item/serialize.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { connectionTo } from '../connection.js'
import type { Choices } from './choices.js'
import { Oracle, type Outcome, USER } from './oracle.js'
import { type Backend, Simulation } from './simulation.js'
import type { Table } from './tables.js'

/** What a party does with the session that its request loaded. */
const STAYING = ['save', 'renew', 'touch', 'save', 'renew', 'nothing'] as const
const LEAVING = [...STAYING, 'logout', 'logout', 'destroyBy'] as const

type Work = (typeof LEAVING)[number]

/** Errors that a request may meet here; any other is a fault of the code under test. */
const EXPECTED = [
  'InternalServerError',
  'ThrottlingException',
  'SessionConflictError',
  'LockLostError',
  'LockWaitTimeoutError',
  'DestroyIncompleteError',
]

/**
 * Two or three parties with the cookie of one session load, save, touch, log out and change the id, beside each other and
 * with answers that get lost, by the methods of {@link SessionRepository}.
 */
export async function repositoryScenario(
  choices: Choices,
  table: Table,
  { late = false }: { late?: boolean } = {},
): Promise<Outcome> {
  const locking = choices.of(['optimistic', 'pessimistic', 'none'] as const)
  const isIndexed = table.isIndexed && choices.below(2) === 1
  const configuration = configurationOf({
    tableName: table.name,
    locking,
    touchInterval: 0,
    indexKeys: isIndexed ? ['user'] : [],
  })
  const faultRate = choices.of([0, 10, 25, 50])
  const repositoryOf = (client: DynamoDBClient) => new SessionRepository(configuration, connectionTo(client))
  const oracle = new Oracle({ table, direct: repositoryOf(table.client), locking, areIdsKnown: !late })
  const backend: Backend = table.backend(choices)
  const simulation = new Simulation({
    ...{ choices, backend, faultRate, late, nameOf: oracle.nameOf },
    onStep: () => oracle.look(simulation),
  })
  const work = choices.of([LEAVING, LEAVING, STAYING])
  simulation.note(`locking: ${locking}, index: ${isIndexed}, faults: ${faultRate} %`)
  const first = table.newId('id')
  await repositoryOf(table.client).create(first, { user: USER })
  oracle.handOut(first)
  const shared = choices.below(2) === 1 ? { id: first } : undefined
  const count = 2 + choices.below(2)
  for (let n = 0; n < count; n += 1) {
    const name = 'ABC'[n] ?? ''
    const client = simulation.client(name)
    const party = new Party({
      ...{ name, choices, simulation, oracle, table, isIndexed, work, jar: shared ?? { id: first } },
      repository: repositoryOf(client),
      index: new SessionsByValue(configuration, connectionTo(client)),
    })
    simulation.start(() => party.run())
  }
  await simulation.run()
  return oracle.outcome(simulation)
}

const configurations = new Map<string, Configuration>()

/** It takes longer than all else, for it looks for a file. */
function configurationOf(options: Options): Configuration {
  const text = JSON.stringify(options)
  const configuration = configurations.get(text) ?? resolveConfiguration(options)
  configurations.set(text, configuration)
  return configuration
}

interface PartySettings {
  readonly name: string
  readonly choices: Choices
  readonly simulation: Simulation
  readonly oracle: Oracle
  readonly table: Table
  readonly isIndexed: boolean
  readonly work: readonly Work[]
  /** The cookie, which two windows of one browser have in common. */
  readonly jar: { id: string }
  readonly repository: SessionRepository
  readonly index: SessionsByValue
}

/** Somebody who sends requests one after another. */
class Party {
  readonly #settings: PartySettings
  #saves = 0

  constructor(settings: PartySettings) {
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
    const { choices, repository, work } = this.#settings
    const loaded = await this.#try('load', () => repository.findForChange(cookie))
    const held: Held = { cookie, record: loaded, data: { ...loaded?.data } }
    for (let left = 1 + choices.below(2); left > 0; left -= 1) await this.#work(choices.of(work), held)
    const { record } = held
    if (record?.token) await this.#try('release', () => repository.release(record))
  }

  async #work(work: Work, held: Held): Promise<void> {
    const { name, simulation, repository, oracle } = this.#settings
    const { record } = held
    await simulation.turn(`${name}: ${work}`)
    if (work === 'logout') return this.#logOut(() => repository.delete(record?.id ?? held.cookie))
    if (work === 'destroyBy') return this.#destroyBy()
    if (!record || work === 'nothing') return
    if (work === 'touch') {
      this.#become(held, await this.#try('touch', () => repository.touch(record)))
    } else if (work === 'save') {
      const key = this.#nextKey(held)
      const saved = await this.#try('save', () => repository.update(record, held.data))
      if (saved) oracle.saved(key)
      this.#become(held, saved)
    } else await this.#renew(held, record)
  }

  async #renew(held: Held, record: SessionRecord): Promise<void> {
    const { name, repository, oracle, jar, table } = this.#settings
    const key = this.#nextKey(held)
    const id = table.newId(name)
    const renewed = await this.#try('renew', () => repository.regenerate(record, id, held.data, { keep: false }))
    if (renewed) {
      oracle.handOut(renewed.id)
      oracle.saved(key)
      jar.id = renewed.id
    }
    this.#become(held, renewed)
  }

  async #logOut(logOut: () => Promise<unknown>): Promise<void> {
    const { oracle } = this.#settings
    oracle.logsOut()
    const done = await this.#try('logout', async () => {
      await logOut()
      return true
    })
    if (done) oracle.loggedOut()
  }

  async #destroyBy(): Promise<void> {
    const { isIndexed, index } = this.#settings
    if (isIndexed) await this.#logOut(() => index.destroyBy('user', USER))
  }

  #nextKey(held: Held): string {
    this.#saves += 1
    const key = `${this.#settings.name}${this.#saves}`
    held.data = { ...held.data, [key]: true }
    return key
  }

  /** As RequestSession does: what was found deleted may still be saved, in vain. */
  #become(held: Held, stored: SessionRecord | undefined): void {
    if (stored) held.record = stored
  }

  async #try<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const { name, simulation, oracle } = this.#settings
    try {
      const result = await work()
      simulation.note(`${name}: ${what}: ${result ? 'done' : 'no session'}`)
      return result
    } catch (error) {
      if (!(error instanceof Error)) throw error
      simulation.note(`${name}: ${what}: ${error.name}`)
      if (!EXPECTED.includes(error.name)) oracle.unexpected(simulation, error)
      return undefined
    }
  }
}

interface Held {
  readonly cookie: string
  record: SessionRecord | undefined
  data: SessionData
}
