import { createTable, describeTable } from 'dynamo-session-store'
import { createUmzug } from 'dynamo-session-store/umzug'

const logger = { info: console.log, warn: console.warn }

// Without migrations:
await createTable({ tableName: 'visits' }, { logger, requestTimeout: 10_000 })
console.log((await describeTable({ tableName: 'visits' }))?.status)

// With migrations, as npx umzug up:
await createUmzug({ environment: 'production' }, { logger }).up()
