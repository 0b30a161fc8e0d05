import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Umzug } from 'umzug'
import { loadModule, prefersTypeScript, registerTsx } from '../application/load-module.js'
import { ConfigurationError, messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import { withoutExtension } from '../migrations/migration-files.js'
import { leniently } from '../migrations/migration-module.js'

/** Names of files, without extension. The first must export an instance. The second may be an unrelated script. */
const NAMES = ['umzug.config', 'umzug']
const METHODS = ['up', 'down', 'pending', 'executed', 'runAsCLI']

/** The file that may hold the application's own umzug. */
export function findOwnUmzugFile(root: string): string | undefined {
  const extensions = prefersTypeScript(root) ? ['ts', 'mjs', 'js', 'cjs'] : ['mjs', 'js', 'cjs', 'ts']
  return NAMES.flatMap((name) => extensions.map((extension) => join(root, `${name}.${extension}`))).find((path) =>
    existsSync(path),
  )
}

/**
 * Loads the application's own umzug: the export `umzug` or the default export.
 *
 * @returns undefined, with a warning, when an `umzug.*` exports no instance
 * @throws {ConfigurationError} when the file can't be loaded, or an `umzug.config.*` exports no instance
 */
export async function loadOwnUmzug(path: string, root: string, logger: Logger): Promise<Umzug | undefined> {
  const place = basename(path)
  // Migrations may be TypeScript. umzug's own resolver loads TypeScript only if the process can.
  await registerTsx(root)
  let module: Record<string, unknown>
  try {
    module = await loadModule(path, root)
  } catch (cause) {
    throw new ConfigurationError([{ place, text: `can't be loaded: ${messageOf(cause)}` }], { cause })
  }
  for (const candidate of candidates(module)) {
    const found = await candidate
    if (isUmzug(found)) return withOurLoader(found, root)
  }
  const text = 'exports no Umzug instance, neither as "umzug" nor as its default export'
  if (place.startsWith('umzug.config.')) throw new ConfigurationError([{ place, text }])
  logger.warn(`${place} ${text}: it is not used`)
  return undefined
}

/**
 * Makes an umzug load its migration files as this package does. umzug's own resolver finds no functions in TypeScript of
 * a CommonJS package when an ES module started the process.
 */
function withOurLoader(umzug: Umzug, root: string): Umzug {
  const { migrations } = umzug.options ?? {}
  if (typeof migrations !== 'object' || !('glob' in migrations) || migrations.resolve) return umzug
  const original = umzug.migrations
  const resolved = async (context: object) =>
    (await original(context)).map(({ name, path, ...functions }) =>
      path === undefined || withoutExtension(path) === path
        ? { name, path, ...functions }
        : leniently({ name, path }, root),
    )
  return Object.assign(umzug, { migrations: resolved })
}

/** Where the instance may be. `import` gives the exports of a CommonJS module as the default export. */
function candidates(module: Record<string, unknown>): unknown[] {
  const inner = (module.default ?? {}) as Record<string, unknown>
  return [module.umzug, inner.umzug, module.default, inner.default]
}

/** Recognised by its methods: the application may have another copy of umzug. */
function isUmzug(value: unknown): value is Umzug {
  if (typeof value !== 'object' || value === null) return false
  return METHODS.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
