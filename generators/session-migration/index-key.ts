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
 * The key of a migration for an index: the given key, or else the key of `index_keys` that the name means.
 *
 * @param given as after `--index`
 * @param named as it stands in the name of the migration: `user_id`
 * @throws {GeneratorError} when the name means no key, none of `index_keys`, or several of them
 */
export function indexKeyOf(
  { given, named }: { readonly given: string | undefined; readonly named: string | undefined },
  { indexKeys }: Configuration,
): string {
  if (given !== undefined) {
    const problem = indexKeyProblem(given)
    if (problem) throw new GeneratorError(problem)
    return given
  }
  if (named === undefined) {
    throw new GeneratorError(
      'the name does not say which index is meant: give its session key, such as --index user_id',
    )
  }
  if (indexKeys.includes(named)) return named
  const [key, other] = indexKeys.filter((candidate) => plainName(candidate) === named)
  if (key === undefined) {
    throw new GeneratorError(
      `the name asks for an index, but index_keys has no key like "${named}": add the key to ` +
        `index_keys, or give it as --index ${named}. For a migration of the table, give --kind create`,
    )
  }
  if (other === undefined) return key
  throw new GeneratorError(`the name may mean "${key}" or "${other}" of index_keys: give one of them as --index ${key}`)
}

/** What the user should know about the option `index_keys`. */
export function indexNotices(key: string, removes: boolean, { indexKeys }: Configuration): string[] {
  const listed = indexKeys.includes(key)
  if (removes) {
    return listed ? [`remove "${key}" from index_keys too: otherwise the next createTable adds the index again`] : []
  }
  return listed
    ? []
    : [`index_keys has no "${key}" here: unless your options in code contain it, sessions get no such attribute`]
}

function plainName(text: string): string {
  const result = migrationName(text)
  return 'name' in result ? result.name : ''
}
