import * as nodeFs from 'node:fs'
import { GeneratorError, type Plan, type PlannedFile, shownPath } from './plan.js'
import { lineFeeds, textOf } from './read.js'
import { existsText, type FileSystem, removeFiles, writeFiles } from './write.js'

export interface CarryOutSettings {
  /** Overwrite files that exist. With `undo`: remove files that were changed. */
  readonly force?: boolean
  /** Leave files that exist, instead of an error. */
  readonly skip?: boolean
  /** Check everything, change nothing. */
  readonly dryRun?: boolean
  /** Remove the files instead of writing them. */
  readonly undo?: boolean
  /** Folder of the application. `undo` also removes the folders below it that are then empty. */
  readonly root?: string
  /** Why `undo` must not remove a file, not even with `force`. */
  readonly keep?: ((file: PlannedFile) => Promise<string | undefined>) | undefined
  readonly fs?: FileSystem
}

/** What happens to a planned file, in a dry run what would happen. */
export type Outcome = { readonly file: PlannedFile } & (
  | { readonly kind: 'written' | 'identical' | 'removed' | 'absent' }
  | { readonly kind: 'left' | 'refused'; readonly reason: string }
)

/**
 * Writes the files of a plan, or removes them.
 *
 * @returns what happened to each file; `refused` only in a dry run
 * @throws {GeneratorError} when a file is refused or can't be written; then nothing was written or removed
 */
export async function carryOut(plan: Plan, settings: CarryOutSettings = {}): Promise<Outcome[]> {
  const { force = false, dryRun = false, undo = false, root, fs = nodeFs } = settings
  const outcomes: Outcome[] = []
  for (const file of plan.files) outcomes.push(await outcomeOf(file, settings))
  if (dryRun) return outcomes
  assertNotRefused(outcomes)
  const filesOf = (wanted: Outcome['kind']) => outcomes.filter(({ kind }) => kind === wanted).map(({ file }) => file)
  if (undo) {
    removeFiles(
      filesOf('removed').map(({ path }) => path),
      { root, fs },
    )
  } else writeFiles(filesOf('written'), { overwrite: force, fs })
  return outcomes
}

/**
 * Ends a dry run as the real run would end.
 *
 * @throws {GeneratorError} when a file is refused
 */
export function assertNotRefused(outcomes: readonly Outcome[]): void {
  const refused = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.reason] : []))
  if (refused.length > 0) throw new GeneratorError(refused.join('; '))
}

async function outcomeOf(file: PlannedFile, settings: CarryOutSettings): Promise<Outcome> {
  const { force = false, skip = false, undo = false, keep, fs = nodeFs } = settings
  const present = fs.existsSync(file.path)
  const identical = textOf(file.path, fs) === lineFeeds(file.text)
  if (undo) {
    if (!present) return { file, kind: 'absent' }
    const kept = await keep?.(file)
    const reason = kept ?? (identical || force ? undefined : changedText(file.path))
    return reason === undefined ? { file, kind: 'removed' } : { file, kind: skip ? 'left' : 'refused', reason }
  }
  assertNotInstalled(file.path)
  if (identical) return { file, kind: 'identical' }
  const reason = force ? undefined : (file.conflict ?? (present ? existsText(file.path) : undefined))
  return reason === undefined ? { file, kind: 'written' } : { file, kind: skip ? 'left' : 'refused', reason }
}

function assertNotInstalled(path: string): void {
  if (!/(^|[\\/])node_modules([\\/]|$)/.test(path)) return
  const text = "is inside node_modules, where npm deletes it: choose the application's folder with --dest"
  throw new GeneratorError(`${shownPath(path)} ${text}`)
}

function changedText(path: string): string {
  return `${shownPath(path)} differs from what the generator writes and was left as it is; --force removes it`
}
