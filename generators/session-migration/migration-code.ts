import type { Options } from '../../runtime/configuration/options.js'
import type { Configuration } from '../../runtime/configuration/resolve.js'
import type { TableChange } from '../../runtime/table/table-change.js'
import { GeneratorError } from '../files/plan.js'
import { render } from '../files/render.js'
import type { Syntax } from '../project/language.js'
import { indexNotices } from './index-key.js'
import { type Kind, removesIndex } from './kinds.js'
import { objectLiteral } from './literal.js'
import type { OptionsImport } from './options-module.js'
import type { Purpose } from './purpose.js'

export interface Template {
  readonly syntax: Syntax
  readonly options: OptionsImport | undefined
}

/** The code of a migration, and what the user should know. */
export interface MigrationCode {
  readonly text: string
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
    drop: () => [
      configuration.manageTable
        ? 'npx umzug up deletes the table and every session in it'
        : 'manage_table is false, so npx umzug up leaves the table: delete it where it is managed',
    ],
    index: () => indexNotices(key, removes, configuration),
  }
  return { text: renderMigration(kind, template, { key, removes }), notices: notices[kind]() }
}

/**
 * The code of a migration that updates the table.
 *
 * @param undo whether the text is only compared with an existing file. Without a live table, the text is then empty.
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
  const { tableName, up, down, addedIndexes, addedTags, notices } = change
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
    removals: addedTags.length > 0 ? objectLiteral({ removeTags: addedTags }) : '',
    downNote: restored || addedIndexes.length > 0 ? '' : 'DynamoDB never lowers warm throughput: nothing to do.',
  })
  return { text, notices }
}

function renderMigration(kind: Kind, { syntax, options }: Template, data: Readonly<Record<string, unknown>>): string {
  return render(`session-migration/${kind}.${syntax}.hbs`, {
    options: options ? 'options' : '',
    optionsImport: options ? importLine(syntax, options) : '',
    ...data,
  })
}

function importLine(syntax: Syntax, { specifier, kind }: OptionsImport): string {
  if (syntax !== 'commonjs') return `import ${kind === 'named' ? '{ options }' : 'options'} from ${specifier}`
  const binding = { named: '{ options }', default: '{ default: options }', commonjs: 'options' }[kind]
  return `const ${binding} = require(${specifier})`
}
