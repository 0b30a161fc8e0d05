import { DynamoSessionError } from '../../errors.js'
import { fitForLine, jsonForOutput } from '../../fit-for-output.js'
import type { Logger } from '../../logger.js'
import { consoleLogger, type SharedOptions, standardError } from '../command.js'
import { diagnose } from '../doctor/diagnose.js'
import { CHECKS, type Finding } from '../doctor/finding.js'
import type { TimeoutOptions } from '../timeout.js'

const LEVEL_WIDTH = 'warning'.length
const CHECK_WIDTH = Math.max(...CHECKS.map((check) => check.length))

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
): Promise<void> {
  const findings: Finding[] = []
  for await (const finding of diagnose(options, logger)) {
    findings.push(finding)
    if (!options.json) printFinding(finding, logger)
  }
  const errors = findings.filter(({ level }) => level === 'error').length
  if (options.json) consoleLogger.info(jsonForOutput({ errors, findings }))
  if (errors > 0) throw new DynamoSessionError(`doctor found ${errors} error${errors === 1 ? '' : 's'}`)
}

function printFinding({ level, check, text, remedy }: Finding, logger: Logger): void {
  logger.info(`${level.padEnd(LEVEL_WIDTH)}  ${check.padEnd(CHECK_WIDTH)}  ${fitForLine(text)}`)
  if (remedy) logger.info(`${' '.repeat(LEVEL_WIDTH + CHECK_WIDTH + 4)}remedy: ${fitForLine(remedy)}`)
}
