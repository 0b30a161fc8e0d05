import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DynamoSessionError } from '../errors.js'
import { loadModule } from './load-module.js'

/** The knexfile can't be used. `cause` is the error that its own code threw, if any. */
export class KnexfileError extends DynamoSessionError {
  override readonly name = 'KnexfileError'
  override readonly code = 'KNEXFILE'
}

/** The knexfile's settings for one environment. Only the members that this package reads are typed. */
interface KnexSettings {
  readonly client?: unknown
  readonly migrations?: {
    readonly directory?: string | readonly string[]
    readonly tableName?: string
    readonly schemaName?: string | null
  }
}

export interface Knexfile {
  /** Absolute path. */
  readonly path: string
  readonly settings: KnexSettings
  /** The folders that knex reads migrations from, absolute. */
  readonly folders: readonly string[]
}

/** In knex's order of preference. knex itself does not look for the last three. */
const EXTENSIONS = ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts']

/** The knexfile of a folder, as an absolute path. The folders above are not searched. */
export function findKnexfile(root: string): string | undefined {
  return EXTENSIONS.map((extension) => join(resolve(root), `knexfile.${extension}`)).find((path) => existsSync(path))
}

/**
 * The folder from which knex reads its migrations, as an absolute path. Of several folders, the first.
 *
 * @returns undefined when there is no knexfile
 *
 * @throws {KnexfileError} when the knexfile can't be read
 */
export async function knexMigrationsFolder(root: string, environment: string): Promise<string | undefined> {
  const path = findKnexfile(root)
  return path === undefined ? undefined : (await loadKnexfile(path, environment, root)).folders[0]
}

/**
 * Loads a knexfile as knex does. The default export, or all exports, may be a function. The settings are the section
 * with the name of the environment, or else the whole object. Relative folders are relative to the knexfile.
 *
 * @param path absolute path of the knexfile
 * @param root folder of the application, whose tsx and tsconfig.json are used
 * @throws {KnexfileError}
 */
export async function loadKnexfile(path: string, environment: string, root = dirname(path)): Promise<Knexfile> {
  const settings = settingsFor(environment, await exported(path, root), path)
  const { directory = './migrations' } = settings.migrations ?? {}
  const folders = (typeof directory === 'string' ? [directory] : directory).map((folder) =>
    resolve(dirname(path), folder),
  )
  return { path, settings, folders }
}

async function exported(path: string, root: string): Promise<unknown> {
  try {
    const module = await loadModule(path, root)
    const outer = module.default ?? module
    const inner = (outer as { default?: unknown }).default ?? outer
    return typeof inner === 'function' ? await inner() : inner
  } catch (cause) {
    throw new KnexfileError(`${path} can't be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

function settingsFor(environment: string, all: unknown, path: string): KnexSettings {
  if (typeof all !== 'object' || all === null) {
    throw new KnexfileError(`${path} must export an object (or a function that returns one), as knex requires`)
  }
  const sections = all as Record<string, unknown>
  const settings = sections[environment] ?? sections
  if (typeof settings === 'object' && settings !== null && 'client' in settings) return settings
  const found = Object.keys(sections).filter((name) => typeof sections[name] === 'object')
  const text = `${basename(path)} has no section "${environment}" with a client`
  throw new KnexfileError(found.length === 0 ? text : `${text}; its sections: ${found.join(', ')}`)
}
