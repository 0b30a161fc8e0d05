import { describe, expect, it } from 'vitest'
import { AdapterScenario } from '../../support/model/adapter-scenario.js'
import { explore, inWords } from '../../support/model/explore.js'
import { repositoryScenario } from '../../support/model/repository-scenario.js'

/** On the model; logout-is-final-engines.test.ts has the same on the engines. */
describe('with concurrent requests, in any order and with lost responses', () => {
  it('a logout is final, a session has one id, and no acknowledged change is lost', async () => {
    const explored = await explore(repositoryScenario, { runs: Number(process.env.RUNS ?? 10_000) })
    console.log(factsOf(explored))
    expect(inWords(explored)).toBe('')
  }, 1_200_000)

  it('a logout is final even when attempts without a response are carried out after their repeats', async () => {
    const runs = Number(process.env.RUNS ?? 5000)
    const explored = await explore((choices, table) => repositoryScenario(choices, table, { late: true }), { runs })
    console.log('late', factsOf(explored))
    expect(inWords(explored)).toBe('')
  }, 1_200_000)

  const scenario = new AdapterScenario()
  it.each(AdapterScenario.names)(
    'the same is true in every adapter: %s',
    async (name) => {
      const runs = Number(process.env.RUNS ?? 2000)
      const explored = await explore((choices, table) => scenario.run(choices, table, name), { runs })
      console.log(name, factsOf(explored))
      expect(inWords(explored)).toBe('')
    },
    1_200_000,
  )
})

function factsOf({ examples: _, ...facts }: Awaited<ReturnType<typeof explore>>): object {
  return facts
}
