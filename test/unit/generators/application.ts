import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentFolderWith } from '../../support/folder.js'

/** The folder of an application, which is the current folder during the test. */
export function application(files: Readonly<Record<string, string>> = {}) {
  const root = currentFolderWith({ 'package.json': '{}', ...files })
  return {
    root,
    /** Paths of all files, relative to the folder. */
    files: () =>
      readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
        .sort(),
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
  }
}
