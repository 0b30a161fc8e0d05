import { request as ask, createServer } from 'node:http'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** Sends each request to the next server, or to the other server if the next is down. */
export function createBalancer(ports) {
  let turn = 0
  return createServer(async (request, response) => {
    try {
      const body = await buffer(request)
      const served = await forward(request, body, ports, turn++)
      response.writeHead(served.statusCode, served.headers)
      // If the server dies, the browser's connection ends too.
      pipeline(served, response, () => undefined)
    } catch (error) {
      console.error(error)
      response.writeHead(502).end('No server responds. Try again.')
    }
  })
}

async function forward(request, body, ports, turn) {
  for (let tries = 1; ; tries++) {
    const port = ports[(turn + tries) % ports.length]
    try {
      return await send(request, body, port)
    } catch (error) {
      // Only a request that reads, or that no server has received, may be sent again.
      const again = request.method === 'GET' || error.code === 'ECONNREFUSED'
      if (!again || tries === ports.length) throw error
    }
  }
}

/** The servers believe these headers of a balancer on their own machine: see "trust proxy" in server.js. */
function send({ method, url, headers, socket }, body, port) {
  const forwarded = { ...headers, 'x-forwarded-for': socket.remoteAddress, 'x-forwarded-proto': 'http' }
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path: url, headers: forwarded, agent: false }
    ask(options, resolve).once('error', reject).end(body)
  })
}
