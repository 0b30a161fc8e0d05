import { createServer, request } from 'node:http'

/**
 * Stands before an engine, has it say what each request consumes, and adds that up. The clients know nothing of it.
 *
 * @param {string} endpoint the engine's
 * @returns {Promise<{ endpoint: string, take: () => Meter, close: () => Promise<void> }>} `take` what was consumed
 * since it was last called
 *
 * @typedef {object} Meter
 * @property {number} reads requests
 * @property {number} readUnits
 * @property {number} writes requests
 * @property {number} writeUnits
 */
export async function startMeteringProxy(endpoint) {
  let meter = nothing()
  let failure
  const server = createServer(async (incoming, outgoing) => {
    try {
      const operation = incoming.headers['x-amz-target'].split('.')[1]
      const body = JSON.stringify({ ...JSON.parse(await textOf(incoming)), ReturnConsumedCapacity: 'TOTAL' })
      const answer = await send(endpoint, incoming.headers, body)
      const text = await textOf(answer)
      if (answer.statusCode !== 200) throw new Error(`${operation} was answered ${answer.statusCode} ${text}`)
      count(meter, operation, JSON.parse(text).ConsumedCapacity)
      outgoing.writeHead(200, answer.headers).end(text)
    } catch (error) {
      failure ??= error
      outgoing.destroy()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    take() {
      if (failure) throw failure
      const taken = meter
      meter = nothing()
      return taken
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function nothing() {
  return { reads: 0, readUnits: 0, writes: 0, writeUnits: 0 }
}

/** Of a BatchGetItem the engine says what each table consumed. */
function count(meter, operation, consumed) {
  const kind = operation.endsWith('GetItem') ? 'read' : 'write'
  meter[`${kind}s`] += 1
  for (const { CapacityUnits } of [consumed].flat()) meter[`${kind}Units`] += CapacityUnits
}

async function send(endpoint, { host: _, 'content-length': __, ...headers }, body) {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': Buffer.byteLength(body) }
    const outgoing = request(endpoint, { method: 'POST', headers: { ...headers, ...length } }, resolve)
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

async function textOf(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
