import { resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { Connection } from '../../runtime/dynamodb/connection.js'

// The process of test/slow/dynamodb/frozen-process.test.ts. Arguments: endpoint, transport.

const [endpoint = '', transport] = process.argv.slice(2)
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const how = transport === 'sdk' ? 'sdk' : 'lean'
const options = {
  endpoint,
  region: 'us-east-1',
  credentials,
  maxAttempts: 1,
  transport: how,
  requestTimeout: 60_000,
} as const
const connection = new Connection(resolveConfiguration({ ...options, attemptTimeout: 60_000 }))
const get = () => connection.transport.send('GetItem', { TableName: 'sessions', Key: { session_id: { S: 'x' } } })
const tell = (text: string) => process.send?.(text)

process.on('warning', (warning) => {
  if ('code' in warning && warning.code === 'DYNAMO_SESSION_STORE_CLOCK') tell('warned')
})
await get()
const answers = [get(), get(), get()]
tell('asked')
await Promise.all(answers)
await new Promise(setImmediate)
tell(connection.clock.status)
process.disconnect()
connection.close()
