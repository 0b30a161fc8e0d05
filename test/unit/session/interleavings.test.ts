import { expect, it, vi } from 'vitest'
import { explore } from '../../support/model/explore.js'
import { repositoryScenario } from '../../support/model/repository-scenario.js'
import { modelTable } from '../../support/model/tables.js'

vi.mock('node:timers/promises', () => import('../../support/model/virtual-time.js'))

it('a logout is final, beside changes of id, saves, touches and lost answers', async () => {
  const runs = Number(process.env.INTERLEAVINGS ?? 2000)
  const seed = Number(process.env.SEED ?? 1)
  const { examples, violations, ...facts } = await explore(
    (choices) => repositoryScenario(choices, modelTable(choices)),
    { runs, seed },
  )
  console.log(facts, violations)
  expect(examples.join('\n\n')).toBe('')
}, 60_000)
