import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { AdapterScenario } from '../../support/model/adapter-scenario.js'
import { explore, inWords, type Scenario } from '../../support/model/explore.js'
import { repositoryScenario } from '../../support/model/repository-scenario.js'
import { engineTable } from '../../support/model/tables.js'
import { makeTable } from '../../support/table.js'

/** By the methods of the repository, and in each adapter. */
const RUNS = Number(process.env.RUNS ?? 500)

/** As logout-is-final.test.ts has it on the model: requests are held back before they are sent, and answers after. */
onEachEngine('with concurrent requests, in any order and with lost responses,', (engine) => {
  const name = uniqueTableName()
  let client: DynamoDBClient

  beforeAll(async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
    await makeTable(client, name)
  })
  afterAll(() => client.destroy())

  const exploreHere = async (scenario: Scenario, runs: number) => {
    const tableFor = () => engineTable(client, name)
    const explored = await explore(scenario, { runs, tableFor, shrinking: 100 })
    expect(inWords(explored)).toBe('')
  }

  it('a logout is final, a session has one id, and no acknowledged change is lost', async () => {
    await exploreHere(repositoryScenario, RUNS)
  }, 1_200_000)

  const scenario = new AdapterScenario()
  it.each(AdapterScenario.names)(
    'the same is true in every adapter: %s',
    async (name) => {
      await exploreHere((choices, table) => scenario.run(choices, table, name), RUNS)
    },
    1_200_000,
  )
})
