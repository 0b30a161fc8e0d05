import { subscribe } from 'node:diagnostics_channel'

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan']

/** The units that sessions have consumed since the start of this process. */
export const units = { reads: 0, writes: 0 }

/** @param {any} message a message of the channel */
export function count(message) {
  const { operation, consumedCapacity = 0 } = message
  units[READS.includes(operation) ? 'reads' : 'writes'] += consumedCapacity
}

subscribe('tracing:dynamo-session-store:request:asyncEnd', count)
