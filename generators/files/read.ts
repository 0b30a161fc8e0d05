import * as nodeFs from 'node:fs'
import { GeneratorError, shownPath } from './plan.js'
import type { FileSystem } from './write.js'

/**
 * The text of a file with the line endings of a template. Git may have changed them on Windows.
 *
 * @returns undefined when there is no file
 * @throws {GeneratorError} when the path is a folder, or can't be read
 */
export function textOf(path: string, fs: Pick<FileSystem, 'existsSync' | 'readFileSync'> = nodeFs): string | undefined {
  if (!fs.existsSync(path)) return undefined
  try {
    return lineFeeds(String(fs.readFileSync(path, 'utf8')))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EISDIR')
      throw new GeneratorError(`${shownPath(path)} is a folder: rename or remove the folder`)
    throw new GeneratorError(`${shownPath(path)} can't be read: ${(cause as Error).message}`, { cause })
  }
}

export function lineFeeds(text: string): string {
  return text.replaceAll('\r\n', '\n')
}
