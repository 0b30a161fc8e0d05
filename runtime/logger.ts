import { fitForOutput } from './fit-for-output.js'
import { print, printAside } from './output.js'

/** Where progress goes: one line of text a call. */
export interface Logger {
  info(line: string): void
  warn(line: string): void
}

/** The library's default: says nothing. */
export const silentLogger: Logger = { info() {}, warn() {} }

/** Progress on standard output, warnings on standard error. */
export const consoleLogger: Logger = {
  info: print,
  warn: (line) => printAside(`warning: ${line}`),
}

/** An application's logger, which gets only texts that are fit for output. */
export function fitLogger(logger: Logger): Logger {
  return { info: (line) => logger.info(fitForOutput(line)), warn: (line) => logger.warn(fitForOutput(line)) }
}
