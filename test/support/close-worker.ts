import type { Options } from '../../runtime/index.js'
import { STORES } from './adapters/stores.js'

// The process of test/unit/adapters/shared/close.test.ts. Argument: JSON of options. Saves a session with every store, and
// closes the stores on the message `close`. Then it sends the resources that keep the process alive.

const options: Options = JSON.parse(process.argv[2] ?? '{}')
const stores = Object.values(STORES).map((open) => open(options))
for (const store of stores) await store.save()

process.once('message', async () => {
  for (const store of stores) await store.close()
  // A socket's handle is closed in the next turn of the event loop.
  await new Promise(setImmediate)
  process.send?.(process.getActiveResourcesInfo())
  process.once('message', () => process.disconnect())
})
process.send?.('saved')
