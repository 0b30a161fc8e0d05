import { DynamoSessionError } from '../../errors.js'
import { fitForLine } from '../../fit-for-output.js'
import { consoleLogger, type SharedOptions } from '../command.js'
import { diagnose } from '../doctor/diagnose.js'
import { CHECKS } from '../doctor/finding.js'
import type { TimeoutOptions } from '../timeout.js'

const LEVEL_WIDTH = 'warning'.length
const CHECK_WIDTH = Math.max(...CHECKS.map((check) => check.length))

/**
 * `dynamo-session doctor`: one line for each finding, with its remedy below.
 *
 * @throws {Error} at the end, when one of the findings is an error
 */
export async function doctorCommand(options: SharedOptions & TimeoutOptions, logger = consoleLogger): Promise<void> {
  let errors = 0
  for await (const { level, check, text, remedy } of diagnose(options, logger)) {
    logger.info(`${level.padEnd(LEVEL_WIDTH)}  ${check.padEnd(CHECK_WIDTH)}  ${fitForLine(text)}`)
    if (remedy) logger.info(`${' '.repeat(LEVEL_WIDTH + CHECK_WIDTH + 4)}remedy: ${fitForLine(remedy)}`)
    if (level === 'error') errors += 1
  }
  if (errors > 0) throw new DynamoSessionError(`doctor found ${errors} error${errors === 1 ? '' : 's'}`)
}
