import { isAbsolute, relative } from 'node:path'
import { DynamoSessionError } from '../../runtime/errors.js'
import { fitForLine } from '../../runtime/fit-for-output.js'

/** A file that is checked and rendered, but not yet written. */
export interface PlannedFile {
  /** Absolute path. */
  readonly path: string
  readonly text: string
  /** Why the file is written only with `force`, even if no file is at its path. */
  readonly conflict?: string
}

/** What a generator would write, and what it prints for its user. */
export interface Plan {
  readonly files: readonly PlannedFile[]
  /** Shows what a file's new text changes, before the file is overwritten or left. For files that users do not edit. */
  readonly showsDifference?: boolean
  /** Notes for the user, one line each. */
  readonly notices: readonly string[]
  /** The command for the user to run next, or several lines. */
  readonly next: string | readonly string[]
}

/** A generator refuses its input. The message says why and what to do. Nothing was written. */
export class GeneratorError extends DynamoSessionError {
  override readonly name = 'GeneratorError'
  override readonly code = 'GENERATOR'
}

/** A path for people, always with `/`. Inside the current folder it is relative. */
export function shownPath(path: string, from: string = process.cwd()): string {
  const inside = relative(from, path)
  const shown = inside === '..' || /^\.\.[\\/]/.test(inside) || isAbsolute(inside) ? path : inside || '.'
  return fitForLine(shown.replaceAll('\\', '/'))
}
