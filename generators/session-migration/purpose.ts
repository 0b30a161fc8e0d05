import { type Configuration, resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { choiceOf } from '../choice.js'
import { GeneratorError } from '../files/plan.js'
import { indexKeyOf } from './index-key.js'
import { defaultName, KINDS, type Kind, meaningOf } from './kinds.js'
import { DEFAULT_NAME, migrationName } from './name.js'

/** The answers that say what a migration does. */
interface PurposeAnswers {
  readonly name?: string | undefined
  readonly kind?: string | undefined
  readonly index?: string | undefined
}

/** What a migration does, and its name. */
export interface Purpose {
  readonly kind: Kind
  readonly name: string
  /** Session key of the index, for the kind `index`. */
  readonly key?: string
}

/** @throws {GeneratorError} when the name, the kind or the index can't be used, or nothing says the kind */
export function purposeOf({ name: given, kind: wanted, index }: PurposeAnswers, configuration: Configuration): Purpose {
  const named = given === undefined || given === DEFAULT_NAME ? undefined : nameOf(given)
  const meaning = meaningOf(named ?? DEFAULT_NAME, configuration.tableName)
  const kind = wanted === undefined ? (index === undefined ? meaning?.kind : 'index') : choiceOf('kind', wanted, KINDS)
  if (kind === undefined) throw new GeneratorError(unclearText(named ?? ''))
  if (kind !== 'index' && index !== undefined) {
    throw new GeneratorError(`--index ${index} needs --kind index, not --kind ${kind}`)
  }
  const key = kind === 'index' ? indexKeyOf({ given: index, named: meaning?.key }, configuration) : undefined
  return { kind, name: named ?? nameOf(defaultName(kind, key)), ...(key !== undefined && { key }) }
}

function unclearText(name: string): string {
  return (
    `the name ${name} does not say what the migration does: give --kind create, drop, index or update, ` +
    'or a name such as AddSessions, DropSessions, AddUserIdIndex, UpdateSessions'
  )
}

function nameOf(text: string): string {
  const result = migrationName(text)
  if ('problem' in result) throw new GeneratorError(result.problem)
  return result.name
}

/** Whether a terminal asks for the kind: only if the name does not say it. */
export function asksForKind({ name, index }: PurposeAnswers, root: string): boolean {
  if (index) return false
  return meaningIn(name, root) === undefined
}

/** Whether a terminal asks for the key of an index: only if the name and `index_keys` do not say it. */
export function asksForIndex({ name, kind }: PurposeAnswers, root: string): boolean {
  const meaning = meaningIn(name, root)
  if ((kind || meaning?.kind) !== 'index') return false
  try {
    indexKeyOf({ given: undefined, named: meaning?.key }, resolveConfiguration({ root }))
    return false
  } catch (error) {
    return error instanceof GeneratorError
  }
}

function meaningIn(name: string | undefined, root: string) {
  const result = migrationName(name || DEFAULT_NAME)
  return 'name' in result ? meaningOf(result.name, tableNameIn(root)) : undefined
}

/** The configured name of the table. Errors of the configuration are reported when the migration is planned. */
function tableNameIn(root: string): string {
  try {
    return resolveConfiguration({ root }).tableName
  } catch {
    return ''
  }
}
