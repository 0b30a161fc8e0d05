import { existsSync, readFileSync } from 'node:fs'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { type PlannedFile, shownPath } from './plan.js'

/**
 * What writing the file would change, as a patch in the form of `git diff`.
 *
 * @returns undefined when the file does not exist, or has this text
 */
export function differenceOf({ path, text }: PlannedFile): string | undefined {
  if (!existsSync(path)) return undefined
  const shown = shownPath(path)
  const before = lineFeeds(readFileSync(path, 'utf8'))
  const after = lineFeeds(text)
  if (before === after) return undefined
  return createTwoFilesPatch(`a/${shown}`, `b/${shown}`, before, after, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
  })
}

/** Git may have changed the line endings on Windows. */
function lineFeeds(text: string): string {
  return text.replaceAll('\r\n', '\n')
}
