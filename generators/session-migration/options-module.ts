import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, isAbsolute, relative, resolve } from 'node:path'
import { fitForLine } from '../../runtime/fit-for-output.js'
import { GeneratorError, shownPath } from '../files/plan.js'
import { singleQuoted } from '../files/single-quoted.js'
import { slashes } from '../project/folder.js'
import { compilerOptions } from '../project/tsconfig.js'

/** How a generated migration imports the application's options. */
export interface OptionsImport {
  /** Path relative to the migration, with `/`, in quotes. */
  readonly specifier: string
  /** `named`: export `options`; `default`: default export; `commonjs`: `module.exports` itself. */
  readonly kind: 'named' | 'default' | 'commonjs'
  readonly notices: readonly string[]
}

interface Request {
  /** Relative to `root`, or absolute. */
  readonly module: string
  readonly root: string
  readonly migrationFolder: string
  readonly language: string
  readonly tsconfig: string | undefined
}

const TYPESCRIPT: Readonly<Record<string, string>> = { '.ts': '.js', '.mts': '.mjs', '.cts': '.cjs' }
const JAVASCRIPT = ['.js', '.mjs', '.cjs']

/** Why a path can't be that of the options module; undefined when it can. */
export function optionsModuleProblem(module: string, root: string): string | undefined {
  // The path becomes a string in the code of the migration. A line break would end it.
  if (/\p{Cc}|[\u2028\u2029]/u.test(module)) {
    return `the options module ${fitForLine(JSON.stringify(module))} can't be imported, because its path has a line break or another control character: rename the file or its folder`
  }
  const path = resolve(root, slashes(module))
  if (!existsSync(path)) return `the options module ${shownPath(path)} does not exist`
  if (extname(path) in TYPESCRIPT || JAVASCRIPT.includes(extname(path))) return undefined
  return `the options module ${shownPath(path)} must be JavaScript or TypeScript (.js, .mjs, .cjs, .ts, .mts, .cts)`
}

/** @throws {GeneratorError} when the module does not exist or exports no options */
export function optionsImport({ module, root, migrationFolder, language, tsconfig }: Request): OptionsImport {
  const problem = optionsModuleProblem(module, root)
  if (problem) throw new GeneratorError(problem)
  const path = resolve(root, slashes(module))
  const { extension, notices } = specifierExtension(path, language, tsconfig)
  const between = relative(migrationFolder, dirname(path)).replaceAll('\\', '/')
  if (isAbsolute(between) || /^[A-Za-z]:/.test(between)) {
    throw new GeneratorError(`the options module ${shownPath(path)} is on another drive than ${migrationFolder}`)
  }
  const folder = between === '' ? './' : between.startsWith('..') ? `${between}/` : `./${between}/`
  const specifier = `${folder}${basename(path, extname(path))}${extension}`
  return { specifier: singleQuoted(specifier), kind: exportKind(path), notices }
}

/**
 * TypeScript imports TypeScript by the name of the compiled file, unless the tsconfig allows the extension `.ts`.
 * JavaScript imports the existing file.
 */
function specifierExtension(path: string, language: string, tsconfig: string | undefined) {
  const extension = extname(path)
  const compiled = TYPESCRIPT[extension]
  if (compiled === undefined) return { extension, notices: [] }
  if (language !== 'ts') {
    return { extension, notices: [`${shownPath(path)} is TypeScript: this migration in JavaScript needs tsx to run`] }
  }
  const options = tsconfig === undefined ? {} : compilerOptions(tsconfig)
  const allowed = options.allowImportingTsExtensions === true || options.rewriteRelativeImportExtensions === true
  return { extension: allowed ? extension : compiled, notices: [] }
}

const NAMED = [
  /\bexport\s+(?:declare\s+)?(?:const|let|var|function)\s+options\b/,
  /\bexport\s*\{[^}]*(?:\boptions\s*[,}]|\bas\s+options\b)/,
  /\bexports\.options\s*=/,
  /\bmodule\.exports\s*=\s*\{[^}]*\boptions\s*[,:}]/,
]
const DEFAULT = [/\bexport\s+default\b/, /\bexport\s*\{[^}]*\bdefault\s*[,}]/, /\bexports\.default\s*=/]
const COMMONJS = [/\bmodule\.exports\s*=/, /\bexport\s*=/]
const REEXPORT = /\bexport\s*\*\s*from\b/

/** The export `options` has priority over the default export, as with `--options` of the command line. */
function exportKind(path: string): OptionsImport['kind'] {
  const code = withoutComments(readFileSync(path, 'utf8'))
  if (NAMED.some((form) => form.test(code))) return 'named'
  if (DEFAULT.some((form) => form.test(code))) return 'default'
  if (COMMONJS.some((form) => form.test(code))) return 'commonjs'
  if (REEXPORT.test(code)) return 'named'
  throw new GeneratorError(
    `the options module ${shownPath(path)} must export the options as its default export or as "options"`,
  )
}

export function withoutComments(code: string): string {
  return code.replace(/("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
}
