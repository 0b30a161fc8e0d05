import * as nodeFs from 'node:fs'
import { dirname, join } from 'node:path'
import { GeneratorError, type PlannedFile, shownPath } from './plan.js'

/** The part of `node:fs` that reads, writes and removes planned files. Tests pass a file system in memory. */
export type FileSystem = Pick<
  typeof nodeFs,
  | 'chmodSync'
  | 'existsSync'
  | 'mkdirSync'
  | 'readFileSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'rmSync'
  | 'statSync'
  | 'writeFileSync'
>

/**
 * Writes files and the folders that they need. Each file is written completely or not at all. If one can't be
 * written, for example on a full disk, no new file is left.
 *
 * @throws {GeneratorError} when a file can't be written
 */
export function writeFiles(files: readonly PlannedFile[], fs: FileSystem = nodeFs): void {
  const cleanUp: (() => void)[] = []
  const written = files.map((file, index) => {
    const temporary = join(dirname(file.path), `.dynamo-session-store-${process.pid}-${index}.tmp`)
    return attempt(file, cleanUp, () => {
      const folder = dirname(file.path)
      const created = fs.mkdirSync(folder, { recursive: true })
      if (created !== undefined) cleanUp.push(() => removeEmptyFolders(folder, created, fs))
      cleanUp.push(() => fs.rmSync(temporary, { force: true }))
      // Some file systems report a full disk only when they flush.
      fs.writeFileSync(temporary, file.text, { flush: true })
      if (fs.existsSync(file.path)) fs.chmodSync(temporary, fs.statSync(file.path).mode)
      return { file, temporary }
    })
  })
  for (const { file, temporary } of written) {
    attempt(file, cleanUp, () => fs.renameSync(temporary, targetOf(file.path, fs)))
  }
}

/** @throws {GeneratorError} when the file can't be removed */
export function removeFile(path: string, fs: FileSystem = nodeFs): void {
  try {
    fs.rmSync(path)
  } catch (cause) {
    throw new GeneratorError(`${shownPath(path)} can't be removed: ${(cause as Error).message}`, { cause })
  }
}

function attempt<T>({ path }: PlannedFile, cleanUp: readonly (() => void)[], work: () => T): T {
  try {
    return work()
  } catch (cause) {
    for (const step of cleanUp.toReversed()) ignoringErrors(step)
    throw new GeneratorError(`${shownPath(path)} can't be written: ${(cause as Error).message}`, { cause })
  }
}

/** Ignores errors: the earlier error is the one to report. */
function ignoringErrors(step: () => void): void {
  try {
    step()
  } catch {}
}

/** Removes the folders that were created, unless another program has used them since. */
function removeEmptyFolders(folder: string, first: string, fs: FileSystem): void {
  fs.rmdirSync(folder)
  if (folder !== first) removeEmptyFolders(dirname(folder), first, fs)
}

/** At the path of a symbolic link, its target is replaced, not the link. */
function targetOf(path: string, fs: FileSystem): string {
  return fs.existsSync(path) ? String(fs.realpathSync(path)) : path
}
