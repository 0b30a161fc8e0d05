import { describe, expect, it } from 'vitest'
import { AdapterScenario } from '../../support/model/adapter-scenario.js'
import { explore, inWords } from '../../support/model/explore.js'
import { repositoryScenario } from '../../support/model/repository-scenario.js'

/**
 * Tries a part of the orders that test/slow/session/logout-is-final.test.ts tries. A failure shows the shortest order of
 * requests that leads to it. `SEED=… npx vitest run …` tries other orders.
 *
 * @see CVE-2025-46336 rack-session: a slow request stored an ended session again
 */
describe('with concurrent requests, in any order and with lost responses', () => {
  it('a logout is final, a session has one id, and no acknowledged change is lost', async () => {
    const explored = await explore(repositoryScenario, { runs: 800 })
    expect(inWords(explored)).toBe('')
    expect(explored.logouts).toBeGreaterThan(300)
    expect(explored.renewals).toBeGreaterThan(300)
  }, 60_000)

  const scenario = new AdapterScenario()
  it.each(AdapterScenario.names)(
    'the same is true in every adapter: %s',
    async (name) => {
      const explored = await explore((choices, table) => scenario.run(choices, table, name), { runs: 30 })
      expect(inWords(explored)).toBe('')
      expect(explored.logouts).toBeGreaterThan(5)
      expect(explored.renewals).toBeGreaterThan(5)
    },
    60_000,
  )
})
