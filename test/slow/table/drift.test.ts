import { it } from 'vitest'
import { findsEach } from '../../integration/table/drift-suite.js'
import { DRIFTS, EQUAL, optionsOf } from '../../integration/table/drifts.js'
import { onEachEngine } from '../../support/engines.js'

onEachEngine(
  'declared settings next to the live table',
  (engine) => {
    if (engine.name === 'dynalite')
      return it.skip('(skipped: dynalite has no Time to Live, and adds and deletes no index)', () => {})
    const known = DRIFTS.filter(({ stub }) => !stub)
    findsEach(engine, known, EQUAL.filter(({ stub }) => !stub).map(optionsOf))
  },
  { quiet: true },
)
