// Cleans the table at an endpoint (1st argument) and sends the peak of its memory (MB) and what was deleted.
import { collectGarbage } from '../../dist/runtime/index.js'

const { deleted } = await collectGarbage({
  tableName: 'sessions',
  endpoint: process.argv[2],
  region: 'us-east-1',
  maxStale: 14 * 24 * 3600,
})
process.send({ deleted, megabytes: process.resourceUsage().maxRSS / 1024 }, () => process.disconnect())
