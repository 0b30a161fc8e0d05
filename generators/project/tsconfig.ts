import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type FileSystem, GeneratorError, shownPath } from '../files/file-plan.js'
import { foldersUpFrom } from './package-json.js'

type CompilerOptions = Readonly<Record<string, unknown>>

/** The `compilerOptions` of a tsconfig.json together with those that it extends. */
export function compilerOptions(path: string, fs: FileSystem, seen: readonly string[] = []): CompilerOptions {
  if (seen.includes(path)) throw new GeneratorError(`${shownPath(path)} extends itself`)
  const config = readJsonWithComments(path, fs)
  const bases: unknown[] = Array.isArray(config.extends) ? config.extends : [config.extends]
  const inherited = bases
    .filter((base) => typeof base === 'string')
    .map((base) => compilerOptions(findBase(base, path, fs), fs, [...seen, path]))
  return Object.assign({}, ...inherited, config.compilerOptions)
}

/** Where `extends` leads: a path, or a package looked for as Node does. */
function findBase(base: string, from: string, fs: FileSystem): string {
  const folder = dirname(from)
  const starts =
    isAbsolute(base) || /^\.\.?([\\/]|$)/.test(base)
      ? [resolve(folder, base)]
      : foldersUpFrom(folder).map((above) => join(above, 'node_modules', base))
  const found = starts
    .flatMap((start) => [...(start.endsWith('.json') ? [start] : []), `${start}.json`, join(start, 'tsconfig.json')])
    .find((candidate) => fs.existsSync(candidate))
  if (found === undefined) throw new GeneratorError(`${shownPath(from)} extends ${base}, which is not there`)
  return found
}

function readJsonWithComments(path: string, fs: FileSystem): { extends?: unknown; compilerOptions?: object } {
  const text = fs.readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  const withoutComments = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
  const json = withoutComments.replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, '$1')
  try {
    return JSON.parse(json.trim() || '{}') ?? {}
  } catch (cause) {
    throw new GeneratorError(`${shownPath(path)} is not valid: ${(cause as Error).message}`, { cause })
  }
}
