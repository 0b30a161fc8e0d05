// Cleans the table at an endpoint (1st argument) and sends what was deleted, the peak of its memory (MB), and what
// cleaning took: seconds, and seconds of CPU time. With `reap` as the 2nd argument, connect-dynamodb cleans.
import { AWS } from './environment.mjs'

const [endpoint, how] = process.argv.slice(2)
const clean = how === 'reap' ? await reap() : await collect()
const before = process.cpuUsage()
const start = performance.now()
const deleted = await clean()
const seconds = (performance.now() - start) / 1000
const { user, system } = process.cpuUsage(before)
const megabytes = process.resourceUsage().maxRSS / 1024
process.send({ deleted, megabytes, seconds, cpu: (user + system) / 1e6 }, () => process.exit())

async function collect() {
  const { collectGarbage } = await import('../../dist/runtime/index.js')
  return async () => {
    const options = { tableName: 'sessions', endpoint, region: AWS.region, maxStale: 14 * 24 * 3600 }
    return (await collectGarbage(options)).deleted
  }
}

async function reap() {
  const { createRequire } = await import('node:module')
  const { reaped } = await import('./reaped.mjs')
  const require = createRequire(new URL('../package.json', import.meta.url))
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb')
  const Store = require('connect-dynamodb')(require('express-session'))
  const store = new Store({ client: new DynamoDBClient({ ...AWS, endpoint }), table: 'sessions', initialized: true })
  return () => reaped(store, Number(process.argv[4]))
}
