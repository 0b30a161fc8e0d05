// npm start: the embedded DynamoDB, the table, and four requests to the handler.
import { once } from 'node:events'
import dynalite from 'dynalite'
import { createUmzug } from 'dynamo-session-store/umzug'

const dynamodb = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1')
await once(dynamodb, 'listening')
process.env.AWS_DYNAMO_DB_SESSION_ENDPOINT = `http://127.0.0.1:${dynamodb.address().port}`
await createUmzug({}, { logger: console }).up()
await import('./invoke.js')
process.exit() // Ends the embedded DynamoDB.
