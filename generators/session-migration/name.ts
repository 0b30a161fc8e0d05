import { readdirSync } from 'node:fs'
import { GeneratorError } from '../files/plan.js'

export const DEFAULT_NAME = 'create_dynamo_sessions_table'

/**
 * `AddSessions`, `add-sessions`, `add sessions` → `add_sessions`. Accents are removed. All characters except a-z and
 * digits separate words.
 *
 * @returns the name, or why the text can't be one
 */
export function migrationName(text: string): { name: string } | { problem: string } {
  const shown = JSON.stringify(text)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finds control characters, which are refused
  if (/[\\/\u0000-\u001f\u007f-\u009f]|\.\./.test(text)) {
    return {
      problem: `${shown} can't be the name of a migration: it becomes part of a file's name; use letters and digits`,
    }
  }
  const name = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
  if (name === '') return { problem: `${shown} can't be the name of a migration: it has no letter a-z and no digit` }
  if (name.length > 200) {
    return { problem: `the name of a migration may have at most 200 characters, not ${name.length}` }
  }
  return { name }
}

export interface ExistingMigration {
  readonly file: string
  /** 14 digits, YYYYMMDDHHMMSS. */
  readonly stamp: string
  readonly name: string
  readonly extension: string
}

/** The migrations of a folder, newest first, without declarations and source maps. Empty when there is no folder. */
export function existingMigrations(folder: string): ExistingMigration[] {
  return filesIn(folder)
    .flatMap((file) => {
      const [, stamp, name, extension] = /^(\d{14})(?!\d)[._-]?(.*?)\.([cm]?[jt]s)$/.exec(file) ?? []
      if (stamp === undefined || name === undefined || extension === undefined || name.endsWith('.d')) return []
      return [{ file, stamp, name, extension }]
    })
    .sort((a, b) => (a.stamp < b.stamp ? 1 : -1))
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new GeneratorError(`the folder of the migrations can't be read: ${message}`, { cause })
  }
}

/** The present second in UTC. If the newest migration is not older, the second after it. */
export function nextStamp(now: Date, newest: string | undefined): string {
  const present = stampOf(now)
  if (newest === undefined || newest < present) return present
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)$/.exec(newest) ?? []
  const next = new Date(0)
  next.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  next.setUTCHours(Number(hour), Number(minute), Number(second) + 1)
  const stamp = stampOf(next)
  if (stamp.length === 14 && stamp > newest) return stamp
  throw new GeneratorError(`no time stamp sorts after ${newest} of the newest migration: rename that file`)
}

function stampOf(time: Date): string {
  return time
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')
}
