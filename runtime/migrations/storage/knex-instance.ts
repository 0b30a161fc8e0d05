import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Knex } from 'knex'
import { KnexfileError, loadKnexfile } from '../../application/knexfile.js'
import { messageOf } from '../../errors.js'

/** A knex instance. Not knex's own type: applications without knex must compile. */
export interface KnexInstance {
  readonly schema: object
  readonly client: unknown
  raw(sql: string): unknown
  destroy(): PromiseLike<unknown>
}

/** knex's own type, for use inside functions. Declarations that name it would require knex in every application. */
export function asKnex(knex: KnexInstance): Knex {
  return knex as unknown as Knex
}

/** Gives a knex instance: the application's own, or one made from the knexfile when needed. */
export interface KnexSource {
  /** A text for people: `knexfile.js, production`. */
  readonly description: string
  open(): Promise<OpenKnex>
  /** Closes the instance that `open` made. The next `open` makes another one. */
  close(): Promise<void>
}

interface OpenKnex {
  readonly knex: KnexInstance
  /** The folders of knex's own migrations, as absolute paths. */
  readonly folders: readonly string[]
  /** The table in which knex logs its executed migrations. */
  readonly history: { readonly tableName: string; readonly schemaName: string | undefined }
}

const KNEX_TABLE = 'knex_migrations'

/** The application's own instance, which stays open. */
export function givenKnex(knex: KnexInstance): KnexSource {
  const { directory, tableName, schemaName } = asKnex(knex).client.config?.migrations ?? ({} as Knex.MigratorConfig)
  const folders = [directory ?? './migrations'].flat().map((folder) => resolve(folder))
  return {
    description: 'the given knex instance',
    async open() {
      return { knex, folders, history: { tableName: tableName ?? KNEX_TABLE, schemaName: schemaName || undefined } }
    },
    async close() {},
  }
}

/** An instance made from a knexfile's section for the environment. */
export function knexFromFile(path: string, environment: string, root: string): KnexSource {
  let opened: Promise<OpenKnex> | undefined
  return {
    description: `${basename(path)}, ${environment}`,
    open() {
      opened ??= openKnexfile(path, environment, root)
      return opened
    },
    async close() {
      const closing = opened
      opened = undefined
      // The caller of open() got the error.
      const result = await closing?.catch(() => undefined)
      await result?.knex.destroy()
    },
  }
}

async function openKnexfile(path: string, environment: string, root: string): Promise<OpenKnex> {
  const { settings, folders } = await loadKnexfile(path, environment, root)
  const knex = await connect(await importKnex(path, root), settings, `${basename(path)}, ${environment}`)
  const { tableName, schemaName } = settings.migrations ?? {}
  return { knex, folders, history: { tableName: tableName ?? KNEX_TABLE, schemaName: schemaName || undefined } }
}

/** Keeps knex from printing errors with a stack trace: they are thrown too. */
const quiet = { warn() {}, error() {}, deprecate() {} }

async function connect(make: MakeKnex, settings: object, place: string): Promise<Knex> {
  let knex: Knex | undefined
  try {
    knex = make({ ...(!process.env.DEBUG && { log: quiet }), ...settings })
    await knex.client.releaseConnection(await knex.client.acquireConnection())
    return knex
  } catch (cause) {
    await knex?.destroy()
    throw new KnexfileError(`no connection to the database of ${place}: ${messageOf(cause)}`, { cause })
  }
}

type MakeKnex = (settings: Knex.Config) => Knex

async function importKnex(knexfile: string, root: string): Promise<MakeKnex> {
  for (const folder of [dirname(knexfile), root]) {
    try {
      const path = createRequire(join(folder, 'package.json')).resolve('knex')
      const module = await import(pathToFileURL(path).href)
      return module.default.knex ?? module.default
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new KnexfileError(`${knexfile} is there, but knex is not installed: npm install knex`)
}
