// How many lines the way to DynamoDB has: runtime/dynamodb, and the batches of reads. Nothing here depends on the machine.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const RUNTIME = join(import.meta.dirname, '../../runtime')

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows() {
  const files = [
    ...sourcesIn('dynamodb'),
    ...sourcesIn('session').filter((file) => /[\\/]batched-reads/.test(file)),
  ].map((file) => readFileSync(file, 'utf8'))
  const row = (id, title, value, more) => ({
    id,
    group: 'Lines of runtime/dynamodb and runtime/session/requests/batched-reads.ts',
    title,
    unit: 'lines',
    values: { ours: [value] },
    note: `In ${files.length} files.`,
    ...more,
  })
  return [
    row('lines', 'all', sum(files.map(lines)), { goal: { atMost: 1400 } }),
    row('lines-code', 'without comments and blank lines', sum(files.map((text) => lines(codeOf(text))))),
  ]
}

function sourcesIn(folder) {
  return readdirSync(join(RUNTIME, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(RUNTIME, folder, name))
}

/** Comments stand on lines of their own in this repository. */
function codeOf(text) {
  return text
    .replace(/^\s*\/\*[\s\S]*?\*\/[ \t]*$/gm, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*\n/gm, '')
}

function lines(text) {
  return text.split('\n').length - 1
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0)
}
