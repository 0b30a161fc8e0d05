import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DynamoSessionError } from '../errors.js'

/** A migration or the folder of migrations can't be used. The message names it. */
export class MigrationFileError extends DynamoSessionError {
  override readonly name = 'MigrationFileError'
  override readonly code = 'MIGRATION_FILE'
}

export interface MigrationFile {
  /** The file's name without its extension, by which migrations are logged and compared. */
  readonly name: string
  /** Absolute. */
  readonly path: string
}

/** Of several files with the same name, the one with the first of these extensions is taken. */
const TYPESCRIPT = ['ts', 'mts', 'cts']
const JAVASCRIPT = ['js', 'mjs', 'cjs']

const EXTENSION = /\.[cm]?[jt]s$/
const DECLARATION = /\.d\.[cm]?ts$/

/** The name without its extension: `20260101000000_a.ts` in development may be `….js` in production. */
export function withoutExtension(name: string): string {
  return name.replace(EXTENSION, '')
}

/**
 * The migrations of a folder, oldest first. Declarations, source maps and hidden files are left out. Of one migration
 * in both languages, one file is taken.
 *
 * @param folder absolute path
 * @param typeScript whether TypeScript is taken rather than JavaScript
 * @param shown the folder for messages
 * @throws {MigrationFileError} when the folder does not exist
 */
export async function findMigrations(
  folder: string,
  typeScript: boolean,
  shown = folder,
): Promise<readonly MigrationFile[]> {
  const preference = typeScript ? [...TYPESCRIPT, ...JAVASCRIPT] : [...JAVASCRIPT, ...TYPESCRIPT]
  const byName = new Map<string, string>()
  for (const file of await filesIn(folder, shown)) {
    const name = withoutExtension(file)
    const rival = byName.get(name)
    if (!rival || rank(file, preference) < rank(rival, preference)) byName.set(name, file)
  }
  return [...byName.keys()].sort().map((name) => ({ name, path: join(folder, byName.get(name) ?? name) }))
}

async function filesIn(folder: string, shown: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && EXTENSION.test(name) && !DECLARATION.test(name))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new MigrationFileError(`the migrations folder ${shown} can't be read: ${message}`, { cause })
    }
    throw new MigrationFileError(
      `there is no migrations folder ${shown}: ${folder} does not exist. Run this command in the application's folder, ` +
        'or create a migration (npx plop session-migration), or set migrations_dir to the folder where they are',
    )
  }
}

function rank(file: string, preference: readonly string[]): number {
  return preference.indexOf(file.slice(file.lastIndexOf('.') + 1))
}
