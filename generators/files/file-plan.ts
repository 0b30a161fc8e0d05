import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, relative } from 'node:path'
import { DynamoSessionError } from '../../runtime/errors.js'
import { fitForLine } from '../../runtime/fit-for-output.js'

/** A file that is checked and rendered, but not yet written. */
export interface FilePlan {
  /** Absolute path. */
  readonly path: string
  readonly text: string
  /** Notes for the user, one line each. */
  readonly notices: readonly string[]
  /** The command for the user to run next. */
  readonly next: string
  /** Why the file is written only with force. */
  readonly conflict?: string
}

/** A generator refuses its input. The message says why and what to do. Nothing was written. */
export class GeneratorError extends DynamoSessionError {
  override readonly name = 'GeneratorError'
  override readonly code = 'GENERATOR'
}

export interface WriteSettings {
  /** Overwrite an existing file. */
  readonly force?: boolean
  /** Check everything, write nothing. */
  readonly dryRun?: boolean
}

/**
 * Writes a planned file and the folders that it needs.
 *
 * @throws {GeneratorError} when the file exists and `force` is off, or when it can't be written
 */
export function writePlan(plan: FilePlan, { force = false, dryRun = false }: WriteSettings = {}): void {
  const path = shownPath(plan.path)
  if (/(^|[\\/])node_modules([\\/]|$)/.test(plan.path)) {
    throw new GeneratorError(
      `${path} is inside node_modules, where npm deletes it: choose the application's folder with --dest`,
    )
  }
  if (dryRun) return
  if (plan.conflict && !force) throw new GeneratorError(plan.conflict)
  try {
    mkdirSync(dirname(plan.path), { recursive: true })
    writeFileSync(plan.path, plan.text, { flag: force ? 'w' : 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' && existsSync(plan.path)) {
      throw new GeneratorError(existsText(plan.path), { cause })
    }
    throw new GeneratorError(`${path} can't be written: ${(cause as Error).message}`, { cause })
  }
}

/** Why a run without `--dry-run` would refuse to write the file. */
export function refusal(plan: FilePlan, { force = false }: WriteSettings): string | undefined {
  if (force) return undefined
  return plan.conflict ?? (existsSync(plan.path) ? existsText(plan.path) : undefined)
}

function existsText(path: string): string {
  return `${shownPath(path)} exists already and was left as it is; --force overwrites it`
}

/** A path for people, always with `/`. Inside the current folder it is relative. */
export function shownPath(path: string, from: string = process.cwd()): string {
  const inside = relative(from, path)
  const shown = inside === '..' || /^\.\.[\\/]/.test(inside) || isAbsolute(inside) ? path : inside || '.'
  return fitForLine(shown.replaceAll('\\', '/'))
}
