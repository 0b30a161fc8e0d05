import { checkValue } from '../../runtime/configuration/option-values.js'
import type { Configuration } from '../../runtime/configuration/resolve.js'
import { GeneratorError } from '../files/file-plan.js'
import { migrationName } from './name.js'

/** Says why a text can't be the key of an index; undefined when it can. */
export function indexKeyProblem(text: string): string | undefined {
  const checked = checkValue('indexKeys', [text])
  return 'problem' in checked ? `--index: ${checked.problem}` : undefined
}

/**
 * The key whose index the migration is to add: the one that was given, else the one that its name says, as
 * `AddUserIdIndex`; undefined: the migration is for the table itself.
 *
 * @throws {GeneratorError} when the name says an index of none of `index_keys`: on the way down a migration for the
 *   table would delete that
 */
export function indexKeyOf(
  { index, name = '' }: { readonly index?: string; readonly name?: string },
  { indexKeys }: Configuration,
): string | undefined {
  if (index !== undefined) {
    const problem = indexKeyProblem(index)
    if (problem) throw new GeneratorError(problem)
    return index
  }
  const [, said] = /^add_(.+)_index$/.exec(plainName(name)) ?? []
  if (said === undefined) return undefined
  const key = indexKeys.find((candidate) => plainName(candidate) === said)
  if (key !== undefined) return key
  throw new GeneratorError(
    `by its name the migration adds an index, but index_keys has no key like "${said}": add the key to index_keys, or ` +
      `name it, as in -- --index ${said}; for a migration that creates the table choose another name`,
  )
}

export function indexNotices(key: string | undefined, { indexKeys }: Configuration): string[] {
  if (key === undefined || indexKeys.includes(key)) return []
  return [`index_keys has no "${key}" here: unless your options in code have it, sessions are stored without it`]
}

function plainName(text: string): string {
  const result = migrationName(text)
  return 'name' in result ? result.name : ''
}
