import { join, resolve } from 'node:path'
import { findKnexfile, knexMigrationsFolder } from '../../runtime/application/knexfile.js'
import { loadOptions } from '../../runtime/application/options-module.js'
import { wallClock } from '../../runtime/async/clock.js'
import { envName } from '../../runtime/configuration/option-table.js'
import { type Configuration, resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { type Plan, shownPath } from '../files/plan.js'
import { folderIn } from '../project/folder.js'
import { type Language, languageOf, syntaxOf } from '../project/language.js'
import { findTsconfig, moduleSystem } from '../project/package-json.js'
import { packageManagerOf } from '../project/package-manager.js'
import { compilerOptions } from '../project/tsconfig.js'
import { earlierCreation } from './earlier-creation.js'
import { codeOf, codeOfUpdate, type ReadTableChange } from './migration-code.js'
import { existingMigrations, nextStamp } from './name.js'
import { optionsImport } from './options-module.js'
import { purposeOf } from './purpose.js'

export interface MigrationInput {
  /** Folder of the application, absolute. */
  readonly root: string
  /** Environment that selects the configuration and the section of the knexfile. Default: NODE_ENV, else development. */
  readonly environment?: string
  /** Name in any spelling: `AddSessions`, `add-sessions`, `add sessions`. */
  readonly name?: string | undefined
  /** Default: `ts` if the application has a tsconfig.json, else `js`. */
  readonly language?: string | undefined
  /** The application's file that exports the store's options, relative to `root`. */
  readonly optionsModule?: string | undefined
  /** Folder of the migrations, relative to `root`. Default: option `migrations_dir`. */
  readonly dir?: string | undefined
  /** Default: the kind that the name suggests. */
  readonly kind?: string | undefined
  /** Session key of the index, for the kind `index`. Default: the key of `index_keys` in the name. */
  readonly index?: string | undefined
  /** Plan the existing migration of this name, for `--undo`. If none exists, the plan has no file. */
  readonly undo?: boolean
  readonly now?: Date
}

/**
 * Plans a migration of the given kind, or of the kind that the name suggests.
 *
 * @param readTableChange is called for the kind `update` only
 * @throws {GeneratorError} when the input can't be used, or there is nothing to update
 * @throws {ConfigurationError} when the configuration, which has the folder of migrations, is not valid
 */
export async function planMigration(input: MigrationInput, readTableChange: ReadTableChange): Promise<Plan> {
  const { root, environment, now = new Date(wallClock()), undo = false } = input
  const place = { root, ...(environment !== undefined && { environment }) }
  const configuration = resolveConfiguration(place)
  const purpose = purposeOf(input, configuration)
  const { kind, name } = purpose
  const { folder, notices } = folderOf(input, configuration)
  const existing = existingMigrations(folder)
  const twins = existing.filter((migration) => migration.name === name)
  const [twin] = twins
  const sameLanguage = twins.find(({ extension }) => extension === input.language)
  if (undo && !twin) return { files: [], notices: [`no migration ${name} in ${shownPath(folder)}`], next: [] }
  // --undo is typed without the language, whose default may be another one than that of the file.
  const language = languageOf(undo ? (sameLanguage ?? twin)?.extension : input.language, root)
  const module = input.optionsModule?.trim()
  const options = module
    ? optionsImport({ module, root, migrationFolder: folder, language, tsconfig: findTsconfig(root) })
    : undefined
  const template = { syntax: syntaxOf(language, folder), options }
  const declared = async () => ({ ...place, ...(module && (await loadOptions(module, root))) })
  const code =
    kind === 'update'
      ? await codeOfUpdate(template, async () => await readTableChange(await declared()), undo)
      : codeOf({ ...purpose, kind }, template, configuration)
  const sameFile = twins.find((migration) => migration.extension === language)
  const path = join(folder, sameFile?.file ?? `${nextStamp(now, existing[0]?.stamp)}_${name}.${language}`)
  const earlier = kind === 'create' ? earlierCreation(existing, folder, code.text) : undefined
  const conflict = twin ? twinText(join(folder, twin.file), name) : earlier && earlierText(join(folder, earlier.file))
  const knex = await knexFacts(folder, configuration)
  const { run } = packageManagerOf(root)
  return {
    files: [{ path, text: code.text, ...(conflict && { conflict }) }],
    notices: [
      ...configuration.warnings,
      ...code.notices,
      ...notices,
      ...knex.notices,
      ...languageNotices(language),
      ...syntaxNotices(language, folder, root),
      ...(options?.notices ?? []),
    ],
    next: knex.ownsFolder
      ? `${run} knex migrate:latest${environment ? ` --env ${environment}` : ''}`
      : `${folderSetting(folder, configuration)}${run} umzug up${environment ? ` --environment ${environment}` : ''}`,
  }
}

function folderOf({ dir, root }: MigrationInput, { migrationsDir, sources }: Configuration) {
  const configured = resolve(root, migrationsDir)
  if (dir === undefined) return { folder: configured, notices: [] }
  const folder = folderIn(root, dir)
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

/** Whether knex reads its migrations from this folder. Then knex has to run the new migration too. */
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

/** With `verbatimModuleSyntax`, TypeScript accepts no `import` in a CommonJS package, so no migration would compile. */
function syntaxNotices(language: Language, folder: string, root: string): string[] {
  const tsconfig = findTsconfig(root)
  if (language !== 'ts' || tsconfig === undefined || moduleSystem(folder) !== 'commonjs') return []
  if (compilerOptions(tsconfig).verbatimModuleSyntax !== true) return []
  return [
    'Node runs the migration, but tsc refuses it: verbatimModuleSyntax needs ES modules. To fix this: npm pkg set type=module',
  ]
}

/** The ENV setting before umzug's command that makes umzug find the folder. Empty if umzug finds the folder without it. */
function folderSetting(folder: string, { root, migrationsDir }: Configuration): string {
  return folder === resolve(root, migrationsDir) ? '' : `${envName('migrationsDir')}=${shownPath(folder, root)} `
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
