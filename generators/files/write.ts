import * as nodeFs from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { GeneratorError, type PlannedFile, shownPath } from './plan.js'

/** The part of `node:fs` that reads, writes and removes planned files. Tests pass a file system in memory. */
export type FileSystem = Pick<
  typeof nodeFs,
  | 'chmodSync'
  | 'copyFileSync'
  | 'existsSync'
  | 'linkSync'
  | 'mkdirSync'
  | 'readFileSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'rmSync'
  | 'statSync'
  | 'writeFileSync'
>

export interface WriteSettings {
  /** Overwrite files that exist. */
  readonly overwrite?: boolean
  readonly fs?: FileSystem
}

/**
 * Writes files and the folders that they need. Each file is written whole, or not at all. When one can't be written,
 * for example on a full disk, all files are as they were before.
 *
 * @throws {GeneratorError} when a file can't be written, or exists and must not be overwritten
 */
export function writeFiles(
  files: readonly PlannedFile[],
  { overwrite = false, fs = nodeFs }: WriteSettings = {},
): void {
  const restore: Step[] = []
  const finish: Step[] = []
  const failed = ({ path }: PlannedFile, cause: unknown) => {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST' && fs.existsSync(path)
    return exists ? existsText(path) : `${shownPath(path)} can't be written: ${(cause as Error).message}`
  }
  const prepared = allOrNothing(files, { restore, failed }, (file, index): PreparedFile => {
    // The file behind a symbolic link is replaced, not the link. A rename works only within one file system.
    const target = fs.existsSync(file.path) ? String(fs.realpathSync(file.path)) : file.path
    const folder = dirname(target)
    const temporary = temporaryPath(target, `${index}.tmp`)
    const created = fs.mkdirSync(folder, { recursive: true })
    if (created !== undefined) restore.push(() => removeEmptyFolders(folder, dirname(created), fs))
    restore.push(() => fs.rmSync(temporary, { force: true }))
    // Some file systems report a full disk only when they flush.
    fs.writeFileSync(temporary, file.text, { flush: true })
    if (!overwrite || !fs.existsSync(target)) return { ...file, target, temporary }
    fs.chmodSync(temporary, fs.statSync(target).mode)
    const before = temporaryPath(target, `${index}.old.tmp`)
    restore.push(() => fs.rmSync(before, { force: true }))
    fs.copyFileSync(target, before)
    finish.push(() => fs.rmSync(before))
    return { ...file, target, temporary, before }
  })
  allOrNothing(prepared, { restore, failed }, ({ target, temporary, before }) => {
    if (overwrite) fs.renameSync(temporary, target)
    else createByLink(temporary, target, fs)
    restore.push(() => (before === undefined ? fs.rmSync(target) : fs.renameSync(before, target)))
  })
  for (const step of finish) ignoringErrors(step)
}

export interface RemoveSettings {
  /** Folders below this one are removed if nothing else is in them. Undefined: all folders stay. */
  readonly root?: string | undefined
  readonly fs?: FileSystem
}

/**
 * Removes files: all of them, or none.
 *
 * @throws {GeneratorError} when a file can't be removed
 */
export function removeFiles(paths: readonly string[], { root, fs = nodeFs }: RemoveSettings = {}): void {
  const restore: Step[] = []
  const failed = ({ path }: { readonly path: string }, cause: unknown) =>
    `${shownPath(path)} can't be removed: ${(cause as Error).message}`
  const moved = allOrNothing(
    paths.map((path) => ({ path })),
    { restore, failed },
    ({ path }, index) => {
      const temporary = temporaryPath(path, `${index}.old.tmp`)
      fs.renameSync(path, temporary)
      restore.push(() => fs.renameSync(temporary, path))
      return temporary
    },
  )
  for (const temporary of moved) fs.rmSync(temporary)
  if (root === undefined) return
  for (const path of paths) ignoringErrors(() => removeEmptyFolders(dirname(path), root, fs))
}

/** Why an existing file is not overwritten. */
export function existsText(path: string): string {
  return `${shownPath(path)} exists already and was left as it is; --force overwrites it`
}

type Step = () => void

/** A file that is already written beside its target. */
interface PreparedFile extends PlannedFile {
  readonly target: string
  readonly temporary: string
  /** A copy of the file that is overwritten. */
  readonly before?: string
}

interface Recovery<T> {
  /** The steps that undo the work. The last step runs first. */
  readonly restore: readonly Step[]
  /** The message of the error. */
  readonly failed: (each: T, cause: unknown) => string
}

function allOrNothing<T, R>(
  all: readonly T[],
  { restore, failed }: Recovery<T>,
  work: (each: T, at: number) => R,
): R[] {
  return all.map((each, at) => {
    try {
      return work(each, at)
    } catch (cause) {
      const message = failed(each, cause)
      for (const step of restore.toReversed()) ignoringErrors(step)
      throw new GeneratorError(message, { cause })
    }
  })
}

/** Codes of errors of file systems without hard links. */
const NO_LINKS = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK']

/** Moves a file to its target by a link. A rename would replace a file that another program has created there meanwhile. */
function createByLink(temporary: string, target: string, fs: FileSystem): void {
  try {
    fs.linkSync(temporary, target)
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    if (fs.existsSync(target)) throw Object.assign(new Error(`EEXIST: ${target} exists`), { code: 'EEXIST' })
    fs.renameSync(temporary, target)
  }
  ignoringErrors(() => fs.rmSync(temporary, { force: true }))
}

function temporaryPath(path: string, ending: string): string {
  return join(dirname(path), `.dynamo-session-store-${process.pid}-${ending}`)
}

/** Runs a step that cleans up. By then the files are written, or an earlier error is about to be thrown. */
function ignoringErrors(step: Step): void {
  try {
    step()
  } catch {}
}

/**
 * Removes a folder, and those above it that are below `top`.
 *
 * @throws the error of the first folder that is not empty
 */
function removeEmptyFolders(folder: string, top: string, fs: FileSystem): void {
  const inside = relative(top, folder)
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return
  fs.rmdirSync(folder)
  removeEmptyFolders(dirname(folder), top, fs)
}
