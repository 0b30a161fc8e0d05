import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../connection.js'
import type { Choices } from './choices.js'
import type { Outcome } from './oracle.js'
import { Simulation } from './simulation.js'
import type { Table } from './tables.js'

const ID = 'id'

/** Errors by which a party learns that its change is perhaps not stored. */
const EXPECTED = [
  'InternalServerError',
  'ThrottlingException',
  'SessionConflictError',
  'LockLostError',
  'LockWaitTimeoutError',
]

/**
 * Parties set one key of a session: to a value that nobody else sets, or back to what it was at first. Each of those
 * values may appear in the item once. A save whose answer was lost, and that is repeated after another party set the
 * key back, would let its value appear again.
 */
export async function saveScenario(choices: Choices, table: Table): Promise<Outcome> {
  const locking = choices.of(['optimistic', 'pessimistic'] as const)
  const faultRate = choices.of([10, 25, 50])
  const configuration = resolveConfiguration({ tableName: table.name, locking, touchInterval: 0 })
  const repositoryOf = (client: DynamoDBClient) => new SessionRepository(configuration, connectionTo(client))
  await repositoryOf(table.client).create(ID, { value: 'first' })
  const appeared: string[] = ['first']
  const simulation: Simulation = new Simulation({
    ...{ choices, backend: table.backend(choices), faultRate },
    onStep: () => {
      const value = JSON.parse(table.peek?.(ID)?.data?.S ?? '{}').value
      if (value === appeared.at(-1)) return
      appeared.push(value)
      simulation.note(`the value is ${value}`)
    },
  })
  simulation.note(`locking: ${locking}, faults: ${faultRate} %`)
  for (const name of ['A', 'B']) {
    const repository = repositoryOf(simulation.client(name))
    simulation.start(async () => {
      for (let left = 1 + choices.below(4), saves = 1; left > 0; left -= 1, saves += 1) {
        await simulation.turn(`${name} begins`)
        const value = choices.below(2) === 1 ? 'first' : `${name}${saves}`
        try {
          const record = await repository.findForChange(ID)
          if (record) await repository.update(record, { ...record.data, value })
          simulation.note(`${name}: ${value} is saved`)
        } catch (error) {
          if (!(error instanceof Error && EXPECTED.includes(error.name))) throw error
          simulation.note(`${name}: ${value}: ${error.name}`)
        }
      }
    })
  }
  await simulation.run()
  const again = appeared.filter((value, at) => value !== 'first' && appeared.indexOf(value) < at)
  return {
    violations: again.length > 0 ? ['a save was applied twice'] : [],
    schedule: simulation.schedule,
    ...{ orphans: 0, isLost: false, wasLoggedOut: false, renewals: 0 },
  }
}
