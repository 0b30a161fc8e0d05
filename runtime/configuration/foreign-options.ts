import type { OptionName } from './options.js'

/** Spells an option as the caller does: `tableName`, `table_name` or `AWS_DYNAMO_DB_SESSION_TABLE_NAME`. */
export type Spelling = (option: OptionName) => string

/** What to use here instead of options of other session stores. Their `ttl` means something else. */
const POINTERS: Readonly<Record<string, (spelled: Spelling) => string>> = {
  ttl: (spelled) => `for the lifetime of sessions, use ${spelled('maxStale')} or ${spelled('maxAge')}, in seconds`,
  prefix: (spelled) => `use ${spelled('keyPrefix')}, which ends in a colon`,
  table: (spelled) => `use ${spelled('tableName')}`,
  hash_key: (spelled) => `use ${spelled('tableKey')}`,
  touch_after: (spelled) => `use ${spelled('touchInterval')}, in seconds`,
  disable_touch: (spelled) =>
    `sessions in use must be touched to stay; for fewer writes, raise ${spelled('touchInterval')}`,
  create_table_if_missing: () => 'to create the table, run npx dynamo-session create-table, or call createTable()',
  dynamo_db_client: () => 'use client, in code only',
  handle_error: () => 'use errorHandler, in code only',
  prune_session_interval: cleaning,
  reap_interval: cleaning,
  auto_remove: cleaning,
  auto_remove_interval: cleaning,
  special_keys: (spelled) => `use ${spelled('indexKeys')}`,
  collection_name: (spelled) => `use ${spelled('tableName')}`,
  error_log: () => 'use errorHandler, in code only',
}

function cleaning(spelled: Spelling): string {
  return `DynamoDB deletes expired sessions by itself (${spelled('ttl')}); to delete them now, run npx dynamo-session clean`
}

const BY_NAME = new Map(Object.entries(POINTERS).map(([name, pointer]) => [plain(name), pointer]))

/** `; use keyPrefix, …` for a name that other session stores have, in any spelling. Else nothing. */
export function pointer(name: string, spelled: Spelling): string {
  const text = BY_NAME.get(plain(name))?.(spelled)
  return text === undefined ? '' : `; ${text}`
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}
