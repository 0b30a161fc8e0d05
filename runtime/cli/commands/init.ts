import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fitForLine } from '../../fit-for-output.js'
import { consoleLogger, type SharedOptions } from '../command.js'

const PLOPFILE = 'plopfile.mjs'
const LINE = "await plop.load('dynamo-session-store', { force: config.force })"
const TEXT = `// npx plop session-config and npx plop session-migration come from dynamo-session-store.
export default async function (plop, config) {
  ${LINE}
}
`

/** The names under which plop looks for its file. */
const PLOPFILES = /^plopfile(\.babel)?\.([cm]?[jt]s|[jt]sx|coffee|ls)$/i

/** `dynamo-session init`: writes `plopfile.mjs`, or prints the line to add to an existing plopfile. */
export async function initCommand(
  { environment }: SharedOptions = {},
  logger = consoleLogger,
  folder = process.cwd(),
): Promise<void> {
  const present = readdirSync(folder).find((name) => PLOPFILES.test(name))
  if (present) for (const line of advice(present, readFileSync(join(folder, present), 'utf8'))) logger.info(line)
  else {
    const above = plopfileAbove(folder)
    await writeFile(join(folder, PLOPFILE), TEXT, { flag: 'wx' })
    logger.info(`wrote ${PLOPFILE}`)
    if (above) logger.warn(`plop now uses ${PLOPFILE} in this folder, no longer ${fitForLine(above)}`)
  }
  if (!existsSync(join(folder, 'package.json'))) {
    logger.warn(`there is no package.json in ${fitForLine(folder)}: is this the folder of the application?`)
  }
  logger.info('')
  logger.info('next:')
  for (const line of nextCommands(folder, present ?? PLOPFILE, environment)) logger.info(`  ${fitForLine(line)}`)
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
    `${name} is there already and is left as it is. Add one line to its function (${place}), which must be async and`,
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

function nextCommands(folder: string, plopfile: string, environment: string | undefined): string[] {
  const missing = ['dynamo-session-store', 'plop'].filter((name) => !isInstalled(name, folder))
  return [
    ...(missing.length > 0 ? [`npm install ${missing.join(' ')}`] : []),
    ...(needsTsx(plopfile) ? ["export NODE_OPTIONS='--import tsx'   # plop can't read TypeScript by itself here"] : []),
    `npx plop session-config${environment ? ` ${environment}` : ''}`,
    'npx plop session-migration',
    `npx umzug up${environment ? ` --environment ${environment}` : ''}`,
  ]
}

/** plop leaves TypeScript to Node, which strips types since 22.18. */
function needsTsx(plopfile: string): boolean {
  return /\.[cm]?tsx?$/.test(plopfile) && !(process.features as { typescript?: unknown }).typescript
}

function isInstalled(name: string, folder: string): boolean {
  if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return true
  const parent = dirname(folder)
  return parent !== folder && isInstalled(name, parent)
}
