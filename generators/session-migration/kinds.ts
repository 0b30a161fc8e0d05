import { yamlName } from '../../runtime/configuration/option-table.js'
import type { OptionName } from '../../runtime/configuration/options.js'
import { DEFAULT_NAME, migrationName } from './name.js'

/** What a migration does with the table. Each kind has a template in each language. */
export const KINDS = ['create', 'drop', 'index', 'update'] as const
export type Kind = (typeof KINDS)[number]

/** What the name of a migration says. */
export interface Meaning {
  readonly kind: Kind
  /** The key of the index, as it stands in the name: `user_id`. */
  readonly key?: string
}

const ADDING = ['add', 'create']
const REMOVING = ['drop', 'delete', 'remove', 'destroy']
const CHANGING = ['update', 'change', 'alter', 'modify', 'set', 'enable', 'disable', 'increase', 'decrease']

/** Words that mean the table itself, besides those of its name. */
const TABLE = ['session', 'sessions', 'store', 'table', 'dynamo', 'dynamodb', 'db', 'aws', 'web']

/** Settings of an existing table that a name may add or remove: `AddTags`, `RemoveDeletionProtection`. */
const SETTINGS: readonly OptionName[] = ['ttl', 'tags', 'deletionProtection', 'pointInTimeRecovery', 'kmsKeyId']

/**
 * What the name of a migration says, as `rails generate migration` reads it: `CreateX`, `AddXToY`, `RemoveXFromY`. A name
 * that deletes something other than the table, such as `DeleteExpiredSessions`, says nothing.
 *
 * @param name as {@link migrationName} spells it: `add_sessions`
 * @returns undefined when the name does not say the kind
 */
export function meaningOf(name: string, tableName: string): Meaning | undefined {
  const [verb = '', ...words] = name.split('_')
  const rest = words.join('_')
  if (CHANGING.includes(verb)) return { kind: 'update' }
  const adds = ADDING.includes(verb)
  if (!adds && !REMOVING.includes(verb)) return undefined
  if (/(^|_)index(_|$)/.test(rest)) return { kind: 'index', ...keyIn(rest) }
  if (words.includes(adds ? 'to' : 'from')) return { kind: 'update' }
  const ofTable = [...TABLE, ...wordsOf(tableName)]
  const isTable = (word: string | undefined) => word !== undefined && ofTable.includes(word)
  if (verb === 'create') return { kind: 'create' }
  if (adds && isTable(words.at(-1))) return { kind: 'create' }
  if (!adds && words.length > 0 && words.every(isTable)) return { kind: 'drop' }
  const setting = SETTINGS.some((option) => `_${rest}_`.includes(`_${yamlName(option)}_`))
  return setting ? { kind: 'update' } : undefined
}

/** The name of a migration if none is given. */
export function defaultName(kind: Kind, key: string | undefined): string {
  if (kind === 'create') return DEFAULT_NAME
  return kind === 'index' ? `add ${key} index` : `${kind}_dynamo_sessions_table`
}

/** Whether a migration of an index with this name deletes the index, rather than adds it. */
export function removesIndex(name: string): boolean {
  return REMOVING.includes(name.split('_')[0] ?? '')
}

/** `user_id_index`, `index_on_user_id` and `user_id_index_to_sessions` have the key `user_id`; `index` has none. */
function keyIn(rest: string): { key?: string } {
  const [, before, after] = /^(?:(.+?)_index(?:_.+)?|index_(?:on|for|by)_(.+))$/.exec(rest) ?? []
  const key = before ?? after
  return key === undefined ? {} : { key }
}

function wordsOf(tableName: string): string[] {
  const result = migrationName(tableName)
  return 'name' in result ? result.name.split('_') : []
}
