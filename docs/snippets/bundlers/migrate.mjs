import { createTable, deleteTable } from 'dynamo-session-store'
import { createUmzug } from 'dynamo-session-store/umzug'

const migrations = [{ name: '20261129032732_add_sessions', up: () => createTable(), down: () => deleteTable() }]

await createUmzug({}, { migrations, logger: console }).up()
