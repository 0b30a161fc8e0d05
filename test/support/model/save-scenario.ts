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
 * Parties set one key of a session: to a value that nobody else sets, or back to what it was at first. Or they touch the
 * session. Each of those values may appear in the item once. A save whose answer was lost, and that is repeated after
 * another party set the key back, would let its value appear again. So may each version: where one came back, a save of
 * what was read before would overwrite what others saved since.
 */
export async function saveScenario(choices: Choices, table: Table): Promise<Outcome> {
  const locking = choices.of(['optimistic', 'pessimistic'] as const)
  const faultRate = choices.of([10, 25, 50])
  const configuration = resolveConfiguration({ tableName: table.name, locking, touchInterval: 0 })
  const repositoryOf = (client: DynamoDBClient) => new SessionRepository(configuration, connectionTo(client))
  await repositoryOf(table.client).create(ID, { value: 'first' })
  const appeared: string[] = ['first']
  const versions: (string | undefined)[] = []
  const simulation: Simulation = new Simulation({
    ...{ choices, backend: table.backend(choices), faultRate },
    onStep: () => {
      const item = table.peek?.(ID)
      if (item?.updated_at?.S !== versions.at(-1)) versions.push(item?.updated_at?.S)
      const value = JSON.parse(item?.data?.S ?? '{}').value
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
        const value = choices.of(['first', `${name}${saves}`, undefined])
        const what = value ?? 'a touch'
        try {
          const record = await repository.findForChange(ID)
          if (record && value) await repository.update(record, { ...record.data, value })
          else if (record) await repository.touch(record)
          simulation.note(`${name}: ${what} is saved`)
        } catch (error) {
          if (!(error instanceof Error && EXPECTED.includes(error.name))) throw error
          simulation.note(`${name}: ${what}: ${error.name}`)
        }
      }
    })
  }
  await simulation.run()
  const again = appeared.filter((value, at) => value !== 'first' && appeared.indexOf(value) < at)
  return {
    violations: [
      ...(again.length > 0 ? ['a save was applied twice'] : []),
      ...(new Set(versions).size < versions.length ? ['a version came back'] : []),
    ],
    schedule: simulation.schedule,
    ...{ orphans: 0, isLost: false, wasLoggedOut: false, renewals: 0 },
  }
}
