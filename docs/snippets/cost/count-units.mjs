import { subscribe } from 'node:diagnostics_channel'

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan']

/** The units that sessions have consumed since the start of this process. */
export const units = { reads: 0, writes: 0 }

function count({ operation, consumedCapacity = 0 }) {
  units[READS.includes(operation) ? 'reads' : 'writes'] += consumedCapacity
}

subscribe('tracing:dynamo-session-store:request:asyncEnd', count)
