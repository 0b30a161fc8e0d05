// npm start: the embedded DynamoDB, the table, two servers and their balancer. Ctrl-C ends all, and the data stays.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import dynalite from 'dynalite'
import { createUmzug } from 'dynamo-session-store/umzug'
import { createBalancer } from './balancer.js'

const port = Number(process.env.PORT ?? 3000)
const ports = [port + 1, port + 2]

const dynamodb = dynalite({ path: '.dynamodb', createTableMs: 0 }).listen(0, '127.0.0.1')
// Pages in a browser send Origin. No page may read or write the sessions.
dynamodb.prependListener('request', (request) => request.headers.origin && request.destroy())
await once(dynamodb, 'listening')
process.env.AWS_DYNAMO_DB_SESSION_ENDPOINT = `http://127.0.0.1:${dynamodb.address().port}`
await createUmzug({}, { logger: console }).up()

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit())
await Promise.all(ports.map(startServer))
await once(createBalancer(ports).listen(port, '127.0.0.1'), 'listening')
console.log(`DynamoDB: AWS_DYNAMO_DB_SESSION_ENDPOINT=${process.env.AWS_DYNAMO_DB_SESSION_ENDPOINT}`)
console.log(`the shop: http://localhost:${port}`)

/** Starts a server, and restarts the server when a signal ends it. */
async function startServer(port) {
  const server = fork('server.js', { env: { ...process.env, PORT: String(port) } })
  const end = () => server.kill()
  process.once('exit', end)
  server.once('exit', (code, signal) => {
    process.off('exit', end)
    if (signal) startServer(port)
    else process.exit(code)
  })
  await once(server, 'message')
}
