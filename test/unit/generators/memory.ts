import { Volume } from 'memfs'
import type { FileSystem } from '../../../generators/files/write.js'

export const ROOT = '/app'

/** A file system in memory with an application in `/app`. */
export function memory(files: Readonly<Record<string, string>> = {}) {
  const volume = Volume.fromJSON({ 'package.json': '{}', ...files }, ROOT)
  return {
    volume,
    fs: volume as unknown as FileSystem,
    /** Paths of all files, relative to the application where they are inside. */
    files: () => Object.keys(volume.toJSON()).map((path) => path.replace(`${ROOT}/`, '')),
    read: (path: string) => String(volume.readFileSync(`${ROOT}/${path}`, 'utf8')),
  }
}
