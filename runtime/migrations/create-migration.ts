import { extname } from 'node:path'
import { carryOut } from '../../generators/files/carry-out.js'
import { GeneratorError } from '../../generators/files/file-plan.js'
import { planMigration } from '../../generators/session-migration/plan.js'
import { withoutExtension } from './migration-files.js'

/** What `umzug create` can be told. */
export interface CreateMigration {
  /** In any spelling, as `AddSessions`; an extension chooses the language. */
  readonly name?: string
  /** Default: option `migrations_dir`. */
  readonly folder?: string
  /** `ts`, `js` or `mjs`. Default: `ts` if the application has a tsconfig.json, else `js`. */
  readonly language?: string
  /** The application's file that exports its options. */
  readonly optionsModule?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** Of umzug's own `create`: they would be ignored, and something else be written than was asked for. */
const UNSUPPORTED = ['prefix', 'content', 'allowExtension', 'allowConfusingOrdering', 'skipVerify']

/**
 * Writes a migration.
 *
 * @param root folder of the application
 * @returns what to tell the user
 * @throws {GeneratorError}
 */
export async function createMigration(options: CreateMigration, root: string): Promise<string> {
  const given: Record<string, unknown> = { ...options }
  const unsupported = UNSUPPORTED.filter((name) => given[name] !== undefined)
  if (unsupported.length > 0) {
    const text = 'is not supported here: this umzug writes the same file as npx plop session-migration'
    throw new GeneratorError(`${unsupported.join(', ')} ${text}`)
  }
  const { name, folder, language, optionsModule, force = false, dryRun = false } = options
  const stem = name === undefined ? undefined : withoutExtension(name)
  const extension = name === stem ? undefined : extname(name ?? '').slice(1)
  const plan = await planMigration({
    root,
    force,
    ...(stem !== undefined && { name: stem }),
    ...((language ?? extension) && { language: language ?? extension }),
    ...(optionsModule !== undefined && { optionsModule }),
    ...(folder !== undefined && { dir: folder }),
  })
  return carryOut(plan, { root, force, dryRun })
}
