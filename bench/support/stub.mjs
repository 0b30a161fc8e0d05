// An endpoint that answers at once like DynamoDB, in a process of its own. It speaks HTTP on a bare socket, and only what
// the clients of the bench say, so that it answers several times the requests that any of them can send.
import { fork } from 'node:child_process'
import { createServer } from 'node:net'
import { answerAll } from './stub-answers.mjs'

if (process.argv[1] === import.meta.filename) serve()

/**
 * Every session exists, whatever its id (without braces), until 14 days after the start. GetItem gives its item: ours, or
 * that of connect-dynamodb where the key is called `id`. BatchGetItem gives ours. Of writes it remembers only when they
 * were, so that a session that was just renewed is not renewed again. `GET /credentials` gives credentials as the endpoint
 * of a container does.
 *
 * @returns {Promise<{ endpoint: string, close: () => Promise<void> }>}
 */
export async function startStub() {
  const child = fork(import.meta.filename, { execArgv: [] })
  const port = await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the stub ended with exit code ${code}`)))
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

function serve() {
  const server = createServer({ noDelay: true }, (socket) => {
    let waiting
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      waiting = answerAll(waiting ? Buffer.concat([waiting, chunk]) : chunk, (answer) => socket.write(answer))
    })
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.once('disconnect', () => process.exit())
}
