import { parseTsconfig } from '#get-tsconfig'
import { GeneratorError, shownPath } from '../files/plan.js'

/**
 * The `compilerOptions` of a tsconfig.json together with those that it extends.
 *
 * @throws {GeneratorError} when a file is missing, not valid, or extends itself
 */
export function compilerOptions(path: string): Readonly<Record<string, unknown>> {
  try {
    return { ...parseTsconfig(path).compilerOptions }
  } catch (cause) {
    throw new GeneratorError(`${shownPath(path)} can't be read: ${(cause as Error).message}`, { cause })
  }
}
