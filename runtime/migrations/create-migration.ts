import { extname } from 'node:path'
import { assertNotRefused, carryOut } from '../../generators/files/carry-out.js'
import { GeneratorError, shownPath } from '../../generators/files/plan.js'
import { closingLines, outcomeLine } from '../../generators/files/report.js'
import { planMigration } from '../../generators/session-migration/plan.js'
import { readTableChange } from '../table/table-change.js'
import { withoutExtension } from './migration-files.js'

/** Options of `umzug create`. */
export interface CreateMigration {
  /** In any spelling, such as `AddSessions`. An extension chooses the language. */
  readonly name?: string
  /** `create`, `drop`, `index` or `update`. Default: the kind that the name suggests. */
  readonly kind?: string
  /** Session key of the index, for the kind `index`. Default: the key of `index_keys` that occurs in the name. */
  readonly index?: string
  /** Default: option `migrations_dir`. */
  readonly folder?: string
  /** `ts`, `js` or `mjs`. Default: `ts` if the application has a tsconfig.json, else `js`. */
  readonly language?: string
  /** The application's file that exports its options. */
  readonly optionsModule?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** Options of umzug's own `create` that are refused, unless they have the default of umzug's command line. */
const UNSUPPORTED = {
  prefix: 'TIMESTAMP',
  content: undefined,
  allowExtension: undefined,
  allowConfusingOrdering: false,
  skipVerify: false,
}

/**
 * Writes a migration.
 *
 * @param root folder of the application
 * @returns the text for the user
 * @throws {GeneratorError}
 */
export async function createMigration(options: CreateMigration, root: string): Promise<string> {
  const given: Record<string, unknown> = { ...options }
  const unsupported = Object.entries(UNSUPPORTED).flatMap(([name, harmless]) =>
    given[name] === undefined || given[name] === harmless ? [] : [name],
  )
  if (unsupported.length > 0) {
    const text = 'is not supported here: this umzug writes the same file as npx plop session-migration'
    throw new GeneratorError(`${unsupported.join(', ')} ${text}`)
  }
  const { name, kind, index, folder, language, optionsModule, force = false, dryRun = false } = options
  const stem = name === undefined ? undefined : withoutExtension(name)
  const extension = name === stem ? undefined : extname(name ?? '').slice(1)
  const input = {
    root,
    ...(stem !== undefined && { name: stem }),
    ...((language ?? extension) && { language: language ?? extension }),
    ...(optionsModule !== undefined && { optionsModule }),
    ...(folder !== undefined && { dir: folder }),
    ...(kind !== undefined && { kind }),
    ...(index !== undefined && { index }),
  }
  const plan = await planMigration(input, readTableChange)
  const outcomes = await carryOut(plan, { force, dryRun })
  assertNotRefused(outcomes)
  const contents = dryRun ? plan.files.map(({ path, text }) => `${shownPath(path)}\n${text}\n`) : []
  const lines = outcomes.map((outcome) => outcomeLine(outcome, { dryRun }))
  return contents.join('') + [...lines, ...closingLines(plan, outcomes, { root, dryRun, undo: false })].join('\n   ')
}
