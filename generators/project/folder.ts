import { resolve } from 'node:path'
import { GeneratorError } from '../files/plan.js'

/** Why a text can't be the folder of a generated file; undefined when it can. */
export function folderProblem(dir: string): string | undefined {
  return dir.trim() === '' || /\p{Cc}/u.test(dir) ? `${JSON.stringify(dir)} can't be a folder` : undefined
}

/**
 * The folder of a generated file, absolute.
 *
 * @param dir relative to `root`
 * @throws {GeneratorError} when the text can't be a folder
 */
export function folderIn(root: string, dir: string): string {
  const problem = folderProblem(dir)
  if (problem) throw new GeneratorError(problem)
  return resolve(root, slashes(dir.trim()))
}

/** The path with `/`. Windows separators may be typed on any system. */
export function slashes(path: string): string {
  return path.replaceAll('\\', '/')
}
