import { afterAll, beforeAll, describe } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { uniqueTableName } from '../../support/engines.js'
import { findsEach, type Place } from './drift-suite.js'
import { DRIFTS, EQUAL, optionsOf } from './drifts.js'

describe('declared settings next to the live table, on the stub of the control plane', () => {
  let stub: ControlPlane
  beforeAll(async () => {
    stub = await startControlPlane({ settle: 0 })
  })
  afterAll(() => stub.stop())
  const place: Place = {
    options: () => ({ tableName: uniqueTableName(), endpoint: stub.endpoint, region: stub.region }),
    client: () => stub.client(),
  }
  findsEach(place, DRIFTS, EQUAL.map(optionsOf))
})
