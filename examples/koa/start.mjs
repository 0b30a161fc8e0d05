// npm start: the embedded DynamoDB, the table and the server. Ctrl-C ends all, and the data stays in .dynamodb/.
import { once } from 'node:events'
import dynalite from 'dynalite'
import { createUmzug } from 'dynamo-session-store/umzug'

const dynamodb = dynalite({ path: '.dynamodb', createTableMs: 0 }).listen(0, '127.0.0.1')
// Pages in a browser send Origin. No page may read or write the sessions.
dynamodb.prependListener('request', (request) => request.headers.origin && request.destroy())
await once(dynamodb, 'listening')
process.env.AWS_DYNAMO_DB_SESSION_ENDPOINT = `http://127.0.0.1:${dynamodb.address().port}`
await createUmzug({}, { logger: console }).up()
await import('./server.js')
