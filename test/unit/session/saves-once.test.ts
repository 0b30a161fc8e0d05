import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { Operation } from '../../../runtime/dynamodb/operations.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { explore, inWords } from '../../support/model/explore.js'
import { ModelDynamoDB } from '../../support/model/model-dynamodb.js'
import { saveScenario } from '../../support/model/save-scenario.js'

const ID = 'id'

describe('a save that was applied although its response was lost', () => {
  it('is not applied again after another request set the key back, and a touch brings no version back', async () => {
    expect(inWords(await explore(saveScenario, { runs: 1000 }))).toBe('')
  }, 60_000)

  it.each([true, false])(
    'is recognised, or reported as unknown, after 1 to 40 saves of other requests (item in errors: %s)',
    async (itemOnFailure) => {
      const outcomes: string[] = []
      for (let saves = 1; saves <= 40; saves += 1) outcomes.push(await repeatAfter(saves, itemOnFailure))
      const known = outcomes.lastIndexOf('saved')
      expect(known).toBeGreaterThanOrEqual(3)
      expect(outcomes.slice(0, known + 1).every((outcome) => outcome === 'saved')).toBe(true)
      expect(outcomes.slice(known + 1).every((outcome) => outcome === 'SessionConflictError: maybe written')).toBe(true)
    },
  )
})

/** Sets the value and loses the answer. Before the repeat, others set it back and save this number of times. */
async function repeatAfter(saves: number, itemOnFailure: boolean): Promise<string> {
  const model = new ModelDynamoDB({ itemOnFailure })
  const configuration = resolveConfiguration({ locking: 'optimistic', touchInterval: 0 })
  let isAnswerLost = false
  const clientOf = (meanwhile?: () => Promise<void>) => {
    const send = async ({ constructor: { name }, input }: { constructor: { name: string }; input: object }) => {
      const operation = name.replace(/Command$/, '') as Operation
      const execute = () => model.execute(operation, input as never)
      if (operation !== 'UpdateItem' || !meanwhile || isAnswerLost) return execute()
      isAnswerLost = true
      execute()
      await meanwhile()
      try {
        return execute()
      } catch (error) {
        throw Object.assign(error as Error, { $metadata: { attempts: 2, httpStatusCode: 400 } })
      }
    }
    return { send, config: {} } as unknown as DynamoDBClient
  }
  const others = new SessionRepository(configuration, connectionTo(clientOf()))
  await others.create(ID, { value: 'first' })
  const setBack = async () => {
    for (let save = 1; save <= saves; save += 1) {
      const record = await others.find(ID)
      if (record) await others.update(record, { ...record.data, value: 'first', other: save })
    }
  }
  const ours = new SessionRepository(configuration, connectionTo(clientOf(setBack)))
  const record = await ours.find(ID)
  if (!record) throw new Error('there should be a session')
  const outcome = await ours.update(record, { value: 'ours' }).then(
    () => 'saved',
    ({ name, maybeWritten }) => `${name}: ${maybeWritten ? 'maybe written' : 'nothing written'}`,
  )
  expect((await others.find(ID))?.data).toEqual({ value: 'first', other: saves })
  return outcome
}
