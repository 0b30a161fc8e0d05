import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { Connection } from '../../runtime/dynamodb/connection.js'

// A process of its own, for tests of what only a whole process shows. Argument: JSON of options, and of how many requests to
// send. Tells what came of the last of them.

const { options, requests = 1 } = JSON.parse(process.argv[2] ?? '{}')
const connection = new Connection(resolveConfiguration(options))
const get = () => connection.transport.send('GetItem', { TableName: 'sessions', Key: { session_id: { S: 'x' } } })
let outcome: object = {}
for (let count = 0; count < requests; count += 1) {
  outcome = await get().then(
    ({ $metadata }) => ({ attempts: $metadata.attempts }),
    ({ name, code, message, $metadata }) => ({ name, code, message, attempts: $metadata?.attempts }),
  )
  // A connection is free a moment after its answer has come.
  await new Promise(setImmediate)
}
// Timers that would keep the process alive.
const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
connection.close()
process.send?.({ isLean: connection.transport.isLean, timers, ...outcome })
process.disconnect?.()
