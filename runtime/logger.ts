/** Where progress goes: one line of text a call. */
export interface Logger {
  info(line: string): void
  warn(line: string): void
}

/** The library's default: says nothing. */
export const silentLogger: Logger = { info() {}, warn() {} }

/** Progress on standard output, warnings on standard error. */
export const consoleLogger: Logger = {
  info: (line) => console.log(line),
  warn: (line) => console.warn(`warning: ${line}`),
}
