// The stub with faults, in a process of its own: it answers as its parent last said, and tells the parent its port.
//
// - `well`: at once
// - `hang`: never, though it accepts connections and reads
// - `latency`: each request after a second
// - `drip`: the head at once, then a byte of the body each half second
// - `reset`: it resets all connections, then every second new one at its first request; the others close after ten answers
import { createServer } from 'node:net'
import { answerAll } from './stub-answers.mjs'

const LATENCY = 1000
const DRIP_INTERVAL = 500
const ANSWERS_BEFORE_CLOSE = 10

const ANSWER = {
  well: (socket, answer) => socket.write(answer),
  hang: () => undefined,
  latency: (socket, answer) => void setTimeout(() => socket.write(answer), LATENCY),
  drip,
  reset,
}

let mode = 'well'
let accepted = 0
const sockets = new Set()

const server = createServer({ noDelay: true }, (socket) => {
  accepted += 1
  socket.state = { isDoomed: accepted % 2 === 1, left: ANSWERS_BEFORE_CLOSE }
  sockets.add(socket)
  let waiting
  socket.on('error', () => {})
  socket.on('close', () => sockets.delete(socket))
  socket.on('data', (chunk) => {
    const send = (answer) => ANSWER[mode](socket, answer)
    waiting = answerAll(waiting ? Buffer.concat([waiting, chunk]) : chunk, send)
  })
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.once('disconnect', () => process.exit())
process.on('message', (wanted) => {
  mode = wanted
  if (mode === 'reset') for (const socket of sockets) socket.resetAndDestroy()
  process.send(mode)
})

/** Also after the fault: what was begun so is never whole in time. */
function drip(socket, answer) {
  const body = answer.indexOf('\r\n\r\n') + 4
  let next = body
  socket.write(answer.slice(0, body))
  const timer = setInterval(() => {
    socket.write(answer.slice(next, next + 1))
    next += 1
    if (next >= answer.length) clearInterval(timer)
  }, DRIP_INTERVAL)
  socket.once('close', () => clearInterval(timer))
}

function reset(socket, answer) {
  if (socket.state.isDoomed) {
    socket.resetAndDestroy()
    return
  }
  socket.state.left -= 1
  if (socket.state.left > 0) socket.write(answer)
  else socket.end(answer.replace('Connection: keep-alive', 'Connection: close'))
}
