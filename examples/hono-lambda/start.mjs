// npm start: the embedded DynamoDB, the table, and four requests to the handler.
import { once } from 'node:events'
import dynalite from 'dynalite'
import { createUmzug } from 'dynamo-session-store/umzug'

const dynamodb = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1')
// Pages in a browser send Origin. No page may read or write the sessions.
dynamodb.prependListener('request', (request) => request.headers.origin && request.destroy())
await once(dynamodb, 'listening')
process.env.AWS_DYNAMO_DB_SESSION_ENDPOINT = `http://127.0.0.1:${dynamodb.address().port}`
await createUmzug({}, { logger: console }).up()
await import('./invoke.js')
process.exit() // Ends the embedded DynamoDB.
