import { existsSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/**
 * The configuration file in the package of the running program. A process that was started in another folder does not find
 * this file by itself. Programs in `node_modules`, such as test runners, belong to no application.
 *
 * @param program path of the program, `process.argv[1]`
 * @param candidates paths of configuration files, relative to the folder of a package
 * @returns the file, and the folder of the package; undefined if the package has no such file
 */
export function fileOfProgram(
  program: string | undefined,
  candidates: readonly string[],
): { path: string; folder: string } | undefined {
  if (!program || program.includes(`${sep}node_modules${sep}`)) return undefined
  const folder = packageAbove(program)
  const path = candidates.map((candidate) => join(folder, candidate)).find((file) => existsSync(file))
  return path === undefined ? undefined : { path, folder }
}

/** The nearest folder with a `package.json`, else the topmost folder. The program may be a folder: `node .` */
function packageAbove(path: string): string {
  const parent = dirname(path)
  return parent === path || existsSync(join(path, 'package.json')) ? path : packageAbove(parent)
}
