import { createTable, deleteTable } from 'dynamo-session-store'

/** For knex: DynamoDB takes no part in a SQL transaction. */
export const config = { transaction: false }

/** Creates the DynamoDB table that holds the sessions. */
export async function up() {
  await createTable()
}

/** Deletes that table and every session in it. */
export async function down() {
  await deleteTable()
}
