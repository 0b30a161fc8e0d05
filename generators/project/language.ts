import { choiceOf } from '../choice.js'
import { findTsconfig, moduleSystem } from './package-json.js'

/** Languages of generated modules. */
export const LANGUAGES = ['ts', 'js', 'mjs'] as const
export type Language = (typeof LANGUAGES)[number]

/** Syntax of a generated module. */
export type Syntax = 'ts' | 'module' | 'commonjs'

/** `ts` if the application has a tsconfig.json, else `js`. */
export function defaultLanguage(root: string): Language {
  return findTsconfig(root) === undefined ? 'js' : 'ts'
}

/** @throws {GeneratorError} for an unknown language */
export function languageOf(language: string | undefined, root: string): Language {
  return language === undefined ? defaultLanguage(root) : choiceOf('language', language, LANGUAGES)
}

/** The syntax of a module in a folder. A `.js` file follows `type` of the nearest package.json. */
export function syntaxOf(language: Language, folder: string): Syntax {
  if (language === 'ts') return 'ts'
  return language === 'mjs' ? 'module' : moduleSystem(folder)
}
