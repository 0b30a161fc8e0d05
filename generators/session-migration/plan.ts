import { join, resolve } from 'node:path'
import { findKnexfile, knexMigrationsFolder } from '../../runtime/application/knexfile.js'
import { loadOptions } from '../../runtime/application/options-module.js'
import { wallClock } from '../../runtime/async/clock.js'
import { envName } from '../../runtime/configuration/option-table.js'
import type { Options } from '../../runtime/configuration/options.js'
import { type Configuration, resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { type FilePlan, GeneratorError, shownPath } from '../files/file-plan.js'
import { render } from '../files/render.js'
import { findTsconfig, moduleSystem } from '../project/package-json.js'
import { compilerOptions } from '../project/tsconfig.js'
import { earlierCreation } from './earlier-creation.js'
import { indexKeyOf, indexNotices } from './index-key.js'
import { defaultName, KINDS, type Kind, meaningOf, removesIndex } from './kinds.js'
import { objectLiteral } from './literal.js'
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
  /** Default: what the name says. */
  readonly kind?: string
  /** Session key of the index, for the kind `index`. Default: the one of `index_keys` in the name. */
  readonly index?: string
  /** Rewrite a migration of the same name, or create the same table twice. */
  readonly force?: boolean
  readonly now?: Date
}

/** What an update changes, as the live table tells it. Plain data. */
export interface TableChange {
  readonly tableName: string
  /** The declared settings that differ. Empty: there is nothing to change. */
  readonly up: Options
  /** What the live table has in their place. */
  readonly down: Options
  /** Keys whose indexes `up` adds. */
  readonly addedIndexes: readonly string[]
  readonly addsTags: boolean
  readonly notices: readonly string[]
}

/** Compares the declared settings with the live table; undefined when there is no such table. */
export type ReadTableChange = (options: Options) => Promise<TableChange | undefined>

/**
 * Plans a migration of the kind that is given, or that the name says.
 *
 * @param readTableChange is called for the kind `update` only
 * @throws {GeneratorError} when the input can't be used, or there is nothing to update
 * @throws {ConfigurationError} when the configuration, which has the folder of migrations, is not valid
 */
export async function planMigration(input: MigrationInput, readTableChange: ReadTableChange): Promise<FilePlan> {
  const { root, now = new Date(wallClock()), force = false } = input
  const language = languageOf(input)
  const configuration = resolveConfiguration({ root })
  const { kind, key, name } = purposeOf(input, configuration)
  const { folder, notices } = folderOf(input, configuration)
  const module = input.optionsModule?.trim()
  const options = module
    ? optionsImport({ module, root, migrationFolder: folder, language, tsconfig: findTsconfig(root) })
    : undefined
  const template = { language: templateOf(language, folder), options }
  const body =
    kind === 'update'
      ? await updateBody(template, module ? await loadOptions(module, root) : {}, root, readTableChange)
      : bodyOf(kind, template, key ?? '', name, configuration)
  const existing = existingMigrations(folder)
  const [twin] = existing.filter((migration) => migration.name === name)
  const sameFile = force && existing.find((migration) => migration.name === name && migration.extension === language)
  const file = sameFile ? sameFile.file : `${nextStamp(now, existing[0]?.stamp)}_${name}.${language}`
  const earlier = kind === 'create' ? earlierCreation(existing, folder, body.text) : undefined
  const conflict = twin ? twinText(join(folder, twin.file), name) : earlier && earlierText(join(folder, earlier.file))
  const knex = await knexFacts(folder, configuration)
  return {
    path: join(folder, file),
    text: body.text,
    notices: [
      ...configuration.warnings,
      ...body.notices,
      ...notices,
      ...knex.notices,
      ...languageNotices(language),
      ...syntaxNotices(language, folder, root),
      ...(options?.notices ?? []),
    ],
    next: knex.ownsFolder ? 'npx knex migrate:latest' : nextCommand(folder, root, configuration),
    ...(conflict && { conflict }),
  }
}

/** What the migration does, and its name. */
function purposeOf(
  { name: given, kind: wanted, index }: MigrationInput,
  configuration: Configuration,
): { kind: Kind; key: string | undefined; name: string } {
  const named = given === undefined || given === DEFAULT_NAME ? undefined : nameOf(given)
  const meaning = meaningOf(named ?? DEFAULT_NAME, configuration.tableName)
  const kind = wanted === undefined ? (index === undefined ? meaning?.kind : 'index') : kindOf(wanted)
  if (kind === undefined) throw new GeneratorError(unclearText(named ?? ''))
  if (kind !== 'index' && index !== undefined) {
    throw new GeneratorError(`--index ${index} needs --kind index, not --kind ${kind}`)
  }
  const key = kind === 'index' ? indexKeyOf({ given: index, named: meaning?.key }, configuration) : undefined
  return { kind, key, name: named ?? nameOf(defaultName(kind, key)) }
}

function kindOf(text: string): Kind {
  const kind = KINDS.find((candidate) => candidate === text)
  if (kind === undefined) throw new GeneratorError(kindProblem(text))
  return kind
}

export function kindProblem(text: string): string {
  return `${JSON.stringify(text)} can't be the kind of a migration: choose ${KINDS.join(', ')}`
}

function unclearText(name: string): string {
  return (
    `the name ${name} does not say what the migration does: give --kind create, drop, index or update, ` +
    'or a name such as AddSessions, DropSessions, AddUserIdIndex, UpdateSessions'
  )
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

function nameOf(text: string): string {
  const result = migrationName(text)
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

function earlierText(path: string): string {
  return (
    `${shownPath(path)} already creates this table: change the table with --kind update, ` +
    'or write a second migration that creates it with --force'
  )
}

interface Template {
  readonly language: 'ts' | 'module' | 'commonjs'
  readonly options: OptionsImport | undefined
}

interface Body {
  readonly text: string
  readonly notices: readonly string[]
}

function templateOf(language: Language, folder: string): Template['language'] {
  if (language === 'ts') return 'ts'
  return language === 'mjs' ? 'module' : moduleSystem(folder)
}

function bodyOf(
  kind: Exclude<Kind, 'update'>,
  template: Template,
  key: string,
  name: string,
  configuration: Configuration,
): Body {
  const removes = removesIndex(name)
  const notices = {
    create: () => [],
    drop: () => ['the way up deletes the table and every session in it'],
    index: () => indexNotices(key, removes, configuration),
  }
  return { text: renderMigration(kind, template, { key, removes }), notices: notices[kind]() }
}

/** @throws {GeneratorError} when the live table can't be read, or differs in nothing that a migration can change */
async function updateBody(
  template: Template,
  given: Options,
  root: string,
  readTableChange: ReadTableChange,
): Promise<Body> {
  const change = await readTableChange({ root, ...given }).catch((cause: Error) => {
    throw new GeneratorError(`an update needs the settings of the live table: ${cause.message}`, { cause })
  })
  if (change === undefined) {
    throw new GeneratorError(
      'an update needs the settings of the live table, but there is no such table: create it with npx umzug up',
    )
  }
  const { tableName, up, down, addedIndexes, addsTags, notices } = change
  if (Object.keys(up).length === 0) {
    const text = `nothing to update: table "${tableName}" has the declared settings; change the configuration first`
    throw new GeneratorError([text, ...notices].join('; '))
  }
  const spread = template.options ? 'options' : ''
  // deleteIndex does it all where only indexes are added.
  const restored =
    Object.keys(down).filter((name) => name !== 'indexKeys').length > 0 ? objectLiteral(down, spread) : ''
  const text = renderMigration('update', template, {
    up: objectLiteral(up, spread),
    down: restored,
    addedIndexes,
    removeTags: addsTags,
    downNote: restored || addedIndexes.length > 0 ? '' : 'DynamoDB never lowers warm throughput: nothing to do.',
  })
  return { text, notices }
}

function renderMigration(kind: Kind, { language, options }: Template, data: Readonly<Record<string, unknown>>): string {
  return render(`session-migration/${kind}.${language}.hbs`, {
    options: options ? 'options' : '',
    optionsImport: options ? importLine(language, options) : '',
    ...data,
  })
}

function importLine(template: Template['language'], { specifier, kind }: OptionsImport): string {
  if (template !== 'commonjs') return `import ${kind === 'named' ? '{ options }' : 'options'} from ${specifier}`
  const binding = { named: '{ options }', default: '{ default: options }', commonjs: 'options' }[kind]
  return `const ${binding} = require(${specifier})`
}
