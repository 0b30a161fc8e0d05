import type { Options } from '../../runtime/configuration/options.js'
import type { Configuration } from '../../runtime/configuration/resolve.js'
import { GeneratorError } from '../files/plan.js'
import { render } from '../files/render.js'
import { indexNotices } from './index-key.js'
import { type Kind, removesIndex } from './kinds.js'
import { objectLiteral } from './literal.js'
import type { OptionsImport } from './options-module.js'
import type { Purpose } from './purpose.js'

export interface Template {
  readonly language: 'ts' | 'module' | 'commonjs'
  readonly options: OptionsImport | undefined
}

/** The code of a migration, and what the user should know. */
export interface MigrationCode {
  readonly text: string
  readonly notices: readonly string[]
}

/** What an update changes in the live table. Plain data. */
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

/** Compares the declared settings with the live table. Rejects when there is no table, or it can't be read. */
export type ReadTableChange = (options: Options) => Promise<TableChange>

/** The code of a migration for which the live table does not matter. */
export function codeOf(
  { kind, key = '', name }: Purpose & { readonly kind: Exclude<Kind, 'update'> },
  template: Template,
  configuration: Configuration,
): MigrationCode {
  const removes = removesIndex(name)
  const notices = {
    create: () => [],
    drop: () => ['npx umzug up deletes the table and every session in it'],
    index: () => indexNotices(key, removes, configuration),
  }
  return { text: renderMigration(kind, template, { key, removes }), notices: notices[kind]() }
}

/**
 * The code of a migration that updates the table.
 *
 * @param undo whether the text is only compared with that of an existing file: without a live table, it has none
 * @throws {GeneratorError} when the live table can't be read, or differs in nothing that a migration can change
 */
export async function codeOfUpdate(
  template: Template,
  read: () => Promise<TableChange>,
  undo: boolean,
): Promise<MigrationCode> {
  try {
    const change = await read().catch((cause: Error) => {
      throw new GeneratorError(`an update needs the settings of the live table: ${cause.message}`, { cause })
    })
    return renderUpdate(template, change)
  } catch (error) {
    if (undo && error instanceof GeneratorError) return { text: '', notices: [error.message] }
    throw error
  }
}

function renderUpdate(template: Template, change: TableChange): MigrationCode {
  const { tableName, up, down, addedIndexes, addsTags, notices } = change
  if (Object.keys(up).length === 0) {
    const text = `nothing to update in table "${tableName}": change the configuration first`
    throw new GeneratorError([text, ...notices].join('; '))
  }
  const spread = template.options ? 'options' : ''
  // If `up` only adds indexes, deleteIndex is enough.
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
