import { join, resolve } from 'node:path'
import { findKnexfile, knexMigrationsFolder } from '../../runtime/application/knexfile.js'
import { wallClock } from '../../runtime/async/clock.js'
import { envName } from '../../runtime/configuration/option-table.js'
import { type Configuration, resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { GeneratorError, type Plan, shownPath } from '../files/plan.js'
import { render } from '../files/render.js'
import { findTsconfig, moduleSystem } from '../project/package-json.js'
import { compilerOptions } from '../project/tsconfig.js'
import { indexKeyOf, indexNotices } from './index-key.js'
import { DEFAULT_NAME, existingMigrations, migrationName, nextStamp } from './name.js'
import { type OptionsImport, optionsImport, slashes } from './options-module.js'

export const LANGUAGES = ['ts', 'js', 'mjs'] as const
export type Language = (typeof LANGUAGES)[number]

export interface MigrationInput {
  /** Folder of the application, absolute. */
  readonly root: string
  /** Name in any spelling: `AddSessions`, `add-sessions`, `add sessions`. */
  readonly name?: string
  /** Default: `ts` if the application has a tsconfig.json, else `js`. */
  readonly language?: string
  /** The application's file that exports the store's options, relative to `root`. */
  readonly optionsModule?: string
  /** Folder of the migrations, relative to `root`. Default: option `migrations_dir`. */
  readonly dir?: string
  /** One of `index_keys`: the migration adds its index to an existing table. Default: the key in the name, if any. */
  readonly index?: string
  /** Plan the migration of this name that exists, for `--undo`. Without one, the plan has no file. */
  readonly undo?: boolean
  readonly now?: Date
}

/**
 * Plans a migration that creates the table, and deletes it on the way down. Given an index, or a name such as
 * `AddUserIdIndex`, the migration adds that index. On the way down it deletes only the index.
 *
 * @throws {GeneratorError} when the name, the index, the language, the folder or the options module can't be used
 * @throws {ConfigurationError} when the configuration, which has the folder of migrations, is not valid
 */
export async function planMigration(input: MigrationInput): Promise<Plan> {
  const { root, now = new Date(wallClock()), undo = false } = input
  const configuration = resolveConfiguration({ root })
  const key = indexKeyOf(input, configuration)
  const name = nameOf(input, key)
  const { folder, notices } = folderOf(input, configuration)
  const existing = existingMigrations(folder)
  const twins = existing.filter((migration) => migration.name === name)
  const [twin] = twins
  if (undo && !twin) return { files: [], notices: [`no migration ${name} in ${shownPath(folder)}`], next: [] }
  const language = languageOf(undo && twin ? { language: twin.extension, ...input } : input)
  const options = input.optionsModule?.trim()
    ? optionsImport({
        module: input.optionsModule.trim(),
        root,
        migrationFolder: folder,
        language,
        tsconfig: findTsconfig(root),
      })
    : undefined
  const sameFile = twins.find((migration) => migration.extension === language)
  const path = join(folder, sameFile?.file ?? `${nextStamp(now, existing[0]?.stamp)}_${name}.${language}`)
  const knex = await knexFacts(folder, configuration)
  return {
    files: [
      {
        path,
        text: renderMigration(templateOf(language, folder), options, key),
        ...(twin && { conflict: twinText(join(folder, twin.file), name) }),
      },
    ],
    notices: [
      ...configuration.warnings,
      ...indexNotices(key, configuration),
      ...notices,
      ...knex.notices,
      ...languageNotices(language),
      ...syntaxNotices(language, folder, root),
      ...(options?.notices ?? []),
    ],
    next: knex.ownsFolder ? 'npx knex migrate:latest' : nextCommand(folder, root, configuration),
  }
}

/** `ts` if the application has a tsconfig.json, else `js`. */
export function defaultLanguage(root: string): Language {
  return findTsconfig(root) === undefined ? 'js' : 'ts'
}

/** Why a text can't be the folder of the migrations; undefined when it can. */
export function folderProblem(dir: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (dir.trim() === '' || /[\u0000-\u001f\u007f]/.test(dir)) return `${JSON.stringify(dir)} can't be a folder`
  return undefined
}

function nameOf({ name: given = DEFAULT_NAME }: MigrationInput, key: string | undefined): string {
  const result = migrationName(given === DEFAULT_NAME && key !== undefined ? `add ${key} index` : given)
  if ('problem' in result) throw new GeneratorError(result.problem)
  return result.name
}

function languageOf({ language, root }: MigrationInput): Language {
  if (language === undefined) return defaultLanguage(root)
  const known = LANGUAGES.find((candidate) => candidate === language)
  if (known === undefined) throw new GeneratorError(languageProblem(language))
  return known
}

export function languageProblem(language: string): string {
  return `${JSON.stringify(language)} can't be the language of a migration: choose ts, js or mjs`
}

function folderOf({ dir, root }: MigrationInput, { migrationsDir, sources }: Configuration) {
  const configured = resolve(root, migrationsDir)
  if (dir === undefined) return { folder: configured, notices: [] }
  const problem = folderProblem(dir)
  if (problem) throw new GeneratorError(problem)
  const folder = resolve(root, slashes(dir.trim()))
  const chosen = shownPath(folder, root)
  const source = sources.migrationsDir === 'default' ? 'the default' : `from ${sources.migrationsDir}`
  return {
    folder,
    notices:
      folder === configured
        ? []
        : [
            `--dir ${chosen} overrides migrations_dir, which is ${migrationsDir} (${source}): ` +
              `npx umzug finds this file when migrations_dir is ${chosen} too`,
          ],
  }
}

/** Whether knex takes its migrations from this folder. Then knex has to run this one too. */
async function knexFacts(folder: string, { root, environment }: Configuration) {
  const knexfile = findKnexfile(root)
  if (knexfile === undefined) return { ownsFolder: false, notices: [] }
  try {
    return { ownsFolder: (await knexMigrationsFolder(root, environment)) === folder, notices: [] }
  } catch (error) {
    const text = `if ${shownPath(folder, root)} is also knex's folder, run npx knex migrate:latest instead of umzug`
    return { ownsFolder: false, notices: [`${(error as Error).message}; ${text}`] }
  }
}

function languageNotices(language: Language): string[] {
  return language === 'mjs'
    ? [
        'knex and sequelize-cli skip .mjs files silently; npx umzug runs them. For knex and sequelize-cli: --language js',
      ]
    : []
}

/** With this setting, TypeScript accepts no `import` in a CommonJS package. No text of a migration would compile. */
function syntaxNotices(language: Language, folder: string, root: string): string[] {
  const tsconfig = findTsconfig(root)
  if (language !== 'ts' || tsconfig === undefined || moduleSystem(folder) !== 'commonjs') return []
  if (compilerOptions(tsconfig).verbatimModuleSyntax !== true) return []
  return ['it runs, but does not compile: verbatimModuleSyntax needs ES modules. npm pkg set type=module']
}

function nextCommand(folder: string, root: string, { migrationsDir }: Configuration): string {
  const found = folder === resolve(root, migrationsDir)
  return found ? 'npx umzug up' : `${envName('migrationsDir')}=${shownPath(folder, root)} npx umzug up`
}

function twinText(path: string, name: string): string {
  return `a migration ${name} exists already: ${shownPath(path)} was left as it is; choose another name, or --force to rewrite it`
}

function templateOf(language: Language, folder: string): 'ts' | 'module' | 'commonjs' {
  if (language === 'ts') return 'ts'
  return language === 'mjs' ? 'module' : moduleSystem(folder)
}

function renderMigration(
  template: 'ts' | 'module' | 'commonjs',
  options: OptionsImport | undefined,
  key: string | undefined,
): string {
  return render(`session-migration/${key === undefined ? 'table' : 'index'}.${template}.hbs`, {
    options: options ? 'options' : '',
    optionsImport: options ? importLine(template, options) : '',
    ...(key !== undefined && { key }),
  })
}

function importLine(template: 'ts' | 'module' | 'commonjs', { specifier, kind }: OptionsImport): string {
  if (template !== 'commonjs') return `import ${kind === 'named' ? '{ options }' : 'options'} from ${specifier}`
  const binding = { named: '{ options }', default: '{ default: options }', commonjs: 'options' }[kind]
  return `const ${binding} = require(${specifier})`
}
