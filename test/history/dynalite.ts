import { startDynalite } from '../support/engines-start.js'

/** dynalite in a process of its own, which ends with the one that started it. */
const { endpoint } = await startDynalite()
process.on('disconnect', () => process.exit())
process.send?.(endpoint)
