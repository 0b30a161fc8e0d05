import { DynamoSessionError } from '../../errors.js'
import { fitForLine, jsonForOutput } from '../../fit-for-output.js'
import type { Logger } from '../../logger.js'
import { type ColourScreen, hasColours, printParts } from '../../output.js'
import { type Screen, wrapped } from '../../terminal.js'
import { consoleLogger, exactLogger, type SharedOptions, standardError } from '../command.js'
import { diagnose } from '../doctor/diagnose.js'
import { CHECKS, type Finding } from '../doctor/finding.js'
import type { TimeoutOptions } from '../timeout.js'

const LEVEL_WIDTH = 'warning'.length
const CHECK_WIDTH = Math.max(...CHECKS.map((check) => check.length))

type Terminal = Pick<NodeJS.WriteStream, 'write'> & Screen & ColourScreen

interface DoctorOptions extends SharedOptions, TimeoutOptions {
  readonly json?: boolean
}

/**
 * `dynamo-session doctor`: one line for each finding, with its remedy below. Or all findings as JSON.
 *
 * @throws {Error} at the end, when one of the findings is an error
 */
export async function doctorCommand(
  options: DoctorOptions,
  logger = options.json ? standardError : consoleLogger,
  screen: Terminal = process.stdout,
): Promise<void> {
  const findings: Finding[] = []
  for await (const finding of diagnose(options, logger)) {
    findings.push(finding)
    if (!options.json) printFinding(finding, logger, screen)
  }
  const errors = findings.filter(({ level }) => level === 'error').length
  if (options.json) exactLogger.info(jsonForOutput({ errors, findings }))
  if (errors > 0) throw new DynamoSessionError(`doctor found ${errors} error${errors === 1 ? '' : 's'}`)
}

const COLOURS = { ok: 'green', warning: 'yellow', error: 'red', skipped: 'dim' } as const

/** A line for the text, and one for the remedy. A terminal gets lines of its width, with the level in colour. */
function printFinding({ level, check, text, remedy }: Finding, logger: Logger, screen: Terminal): void {
  const head = `${level.padEnd(LEVEL_WIDTH)}  ${check.padEnd(CHECK_WIDTH)}  `
  const rest = `${head.slice(level.length)}${fitForLine(text)}`
  const second = remedy && `${' '.repeat(head.length)}remedy: ${fitForLine(remedy)}`
  // With FORCE_COLOR, a log of continuous integration has colours too.
  if (screen.isTTY || (logger === consoleLogger && hasColours(screen))) {
    const parts = [{ text: level, colour: COLOURS[level] }, { text: rest }]
    printParts(screen, parts, (line) => wrapped(line, screen, head.length))
    if (second) printParts(screen, [{ text: second }], (line) => wrapped(line, screen))
    return
  }
  logger.info(level + rest)
  if (second) logger.info(second)
}
