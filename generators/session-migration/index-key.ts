import { checkValue } from '../../runtime/configuration/check-value.js'
import type { Configuration } from '../../runtime/configuration/resolve.js'
import { GeneratorError } from '../files/plan.js'
import { migrationName } from './name.js'

/** Why a text can't be the key of an index; undefined when it can. */
export function indexKeyProblem(text: string): string | undefined {
  const checked = checkValue('indexKeys', [text])
  return 'problem' in checked ? `--index: ${checked.problem}` : undefined
}

/**
 * The key whose index the migration adds: the given one, or else the one in a name such as `AddUserIdIndex`. Undefined
 * for a migration of the table itself.
 *
 * @throws {GeneratorError} when the name means an index, but of no key in `index_keys`. A migration of the table would
 *   delete the table on the way down.
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
  const [, named] = /^add_(.+)_index$/.exec(plainName(name)) ?? []
  if (named === undefined) return undefined
  const key = indexKeys.find((candidate) => plainName(candidate) === named)
  if (key !== undefined) return key
  throw new GeneratorError(
    `the name means a migration that adds an index, but index_keys has no key like "${named}": add the key to ` +
      `index_keys, or give it as -- --index ${named}. For a migration that creates the table, choose another name`,
  )
}

export function indexNotices(key: string | undefined, { indexKeys }: Configuration): string[] {
  if (key === undefined || indexKeys.includes(key)) return []
  return [`index_keys has no "${key}" here: unless your options in code contain it, sessions get no such attribute`]
}

function plainName(text: string): string {
  const result = migrationName(text)
  return 'name' in result ? result.name : ''
}
