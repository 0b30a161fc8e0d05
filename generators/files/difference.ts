import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { type PlannedFile, shownPath } from './plan.js'
import { lineFeeds, textOf } from './read.js'

/**
 * What writing the file would change, as a patch in the form of `git diff`.
 *
 * @returns undefined when the file does not exist, or has this text
 * @throws {GeneratorError} when the path is a folder, or can't be read
 */
export function differenceOf({ path, text }: PlannedFile): string | undefined {
  const before = textOf(path)
  const after = lineFeeds(text)
  if (before === undefined || before === after) return undefined
  const shown = shownPath(path)
  return createTwoFilesPatch(`a/${shown}`, `b/${shown}`, before, after, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
  })
}
