import { fitForOutput } from './fit-for-output.js'
import { print, printAside } from './output.js'

/** Receives progress, one line of text per call. */
export interface Logger {
  info(line: string): void
  warn(line: string): void
}

/** The library's default logger, which is silent. */
export const silentLogger: Logger = { info() {}, warn() {} }

/** Writes progress to standard output, warnings to standard error. */
export const consoleLogger: Logger = {
  info: print,
  warn: (line) => printAside(`warning: ${line}`),
}

/** Makes all texts fit for output before an application's logger receives them. */
export function fitLogger(logger: Logger): Logger {
  return { info: (line) => logger.info(fitForOutput(line)), warn: (line) => logger.warn(fitForOutput(line)) }
}
