import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ServerClock } from '../../runtime/dynamodb/server-clock.js'
import { transportFor } from '../../runtime/dynamodb/transport.js'

// The process of test/slow/dynamodb/frozen-process.test.ts. Arguments: endpoint, transport.

const [endpoint = '', transport] = process.argv.slice(2)
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
const own = transportFor({ transport: transport === 'sdk' ? 'sdk' : 'lean' }, client)
const get = () => own.send('GetItem', { TableName: 'sessions', Key: { session_id: { S: 'x' } } })
const tell = (text: string) => process.send?.(text)

process.on('warning', (warning) => {
  if ('code' in warning && warning.code === 'DYNAMO_SESSION_STORE_CLOCK') tell('warned')
})
await get()
const answers = [get(), get(), get()]
tell('asked')
await Promise.all(answers)
await new Promise(setImmediate)
tell(ServerClock.of(client).status)
process.disconnect()
client.destroy()
