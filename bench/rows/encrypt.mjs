// What the option `encryption_keys` costs: the CPU time between the JSON of a session of 2 KB and its attributes.
import { randomBytes } from 'node:crypto'
import { tsImport } from 'tsx/esm/api'
import { resolveConfiguration } from '../../dist/runtime/index.js'
import { cpuOf } from '../support/cpu-of-calls.mjs'
import { interleaved } from '../support/measure.mjs'

// dist/ has no files of its own for these modules.
const { storedData } = await tsImport('../../runtime/session/item/stored-data.ts', import.meta.url)
const { recordOf } = await tsImport('../../runtime/session/item/session-record.ts', import.meta.url)

const SIZE = 2048
const ID = 'sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'

export async function rows({ quick, log }) {
  log('CPU')
  const json = JSON.stringify({ user_id: 48213, notes: '' }).replace('""', `"${'x'.repeat(SIZE - 29)}"`)
  const keys = [`k1:${randomBytes(32).toString('base64')}`]
  const ways = { ours: resolveConfiguration({ encryptionKeys: keys }), 'not encrypted': resolveConfiguration({}) }
  const calls = quick ? 500 : 20_000
  const writes = {}
  const reads = {}
  for (const [name, configuration] of Object.entries(ways)) {
    const data = await storedData(() => ID, json, configuration)
    if (recordOf(ID, { data }, configuration).json !== json) throw new Error('read something else than was stored')
    writes[name] = () => cpuOf(calls, () => storedData(() => ID, json, configuration))
    reads[name] = () => cpuOf(calls, () => recordOf(ID, { data }, configuration))
  }
  const rounds = quick ? 1 : 9
  const row = (id, title, values) => ({
    id: `encrypt-${id}`,
    group: 'A session of 2 KB with encryption_keys, not compressed',
    title,
    unit: 'µs',
    values,
    goal: { than: 'not encrypted', atMostMore: 25 },
    note: 'CPU time between the JSON of the data and the attributes of the item, without a request.',
  })
  return [
    row('write', 'CPU of encryption in a save', await interleaved(rounds, writes)),
    row('read', 'CPU of decryption in a load', await interleaved(rounds, reads)),
  ]
}
