import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeFiles } from '../../generators/files/write.js'
import { fitForLine } from '../fit-for-output.js'
import type { Logger } from '../logger.js'

const PLOPFILE = 'plopfile.mjs'
const LINE = "await plop.load('dynamo-session-store', { force: config.force })"
const TEXT = `// The generators of dynamo-session-store: session-config, session-migration, session-store and more.
export default async function (plop, config) {
  ${LINE}
}
`

/** The names under which plop looks for its file. */
const PLOPFILES = /^plopfile(\.babel)?\.([cm]?[jt]s|[jt]sx|coffee|ls)$/i

/**
 * Writes `plopfile.mjs`, or prints what to add to the plopfile that exists.
 *
 * @returns the name of the plopfile
 */
export function makePlopfile(logger: Logger, folder: string): string {
  const present = readdirSync(folder).find((name) => PLOPFILES.test(name))
  if (present) {
    for (const line of advice(present, readFileSync(join(folder, present), 'utf8'))) logger.info(line)
    return present
  }
  const above = plopfileAbove(folder)
  writeFiles([{ path: join(folder, PLOPFILE), text: TEXT }])
  logger.info(`wrote ${PLOPFILE}`)
  if (above) logger.warn(`plop now uses ${PLOPFILE} in this folder, no longer ${fitForLine(above)}`)
  return PLOPFILE
}

/** Instructions for a plopfile that exists already. */
function advice(name: string, text: string): string[] {
  const code = text.replace(/^\s*\/\/.*$/gm, '')
  if (/['"`]dynamo-session-store['"`]/.test(code)) return [`${name} loads dynamo-session-store already`]
  const commonjs = name.endsWith('.cjs') || (!name.endsWith('.mjs') && /\bmodule\.exports\b/.test(code))
  const head = commonjs
    ? 'module.exports = async function (plop, config) {'
    : 'export default async function (plop, config) {'
  const lineNumber = text.split('\n').findIndex((line) => /^\s*(module\.exports\s*=|export\s+default\b)/.test(line)) + 1
  const place = lineNumber > 0 ? `${name}:${lineNumber}` : name
  return [
    `${name} exists already and is left as it is. Add one line to its function (${place}), which must be async and`,
    `take plop's second argument:`,
    '',
    `  ${head}`,
    `    ${LINE}`,
  ]
}

/** The plopfile of a folder above, which plop used until now. */
function plopfileAbove(folder: string): string | undefined {
  const parent = dirname(folder)
  if (parent === folder) return undefined
  const name = namesIn(parent).find((candidate) => PLOPFILES.test(candidate))
  return name ? join(parent, name) : plopfileAbove(parent)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // plop can't read this folder either.
    return []
  }
}

/** plop leaves TypeScript to Node, which strips types since 22.18. */
export function needsTsx(plopfile: string): boolean {
  return /\.[cm]?tsx?$/.test(plopfile) && !(process.features as { typescript?: unknown }).typescript
}
