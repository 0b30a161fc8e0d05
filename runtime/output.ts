import { debugText, fitForLine, fitForOutput } from './fit-for-output.js'

/*
 * All that this package writes to a terminal goes through here, and so through fitForOutput()
 * (test/unit/output/places.test.ts).
 */

/** Prints a text of one line or more on standard output. */
export function print(text: string): void {
  console.log(fitForOutput(text, Number.POSITIVE_INFINITY))
}

/** Prints a text of one line or more on standard error. */
export function printAside(text: string): void {
  console.error(fitForOutput(text, Number.POSITIVE_INFINITY))
}

/** Writes a text as it is, without a line break at its end. */
export function write(stream: NodeJS.WritableStream, text: string): void {
  stream.write(fitForOutput(text, Number.POSITIVE_INFINITY))
}

const ESCAPE = '\u001b'

/** Prints a line above a bar. The bar is drawn again below, and remembers that place (ESC 7). */
export function writeAboveBar(screen: NodeJS.WritableStream, line: string): void {
  screen.write(`\r${ESCAPE}[2K${ESCAPE}[?7h${fitForLine(line)}\n${ESCAPE}[?7l${ESCAPE}7`)
}

/** Writes a text over the present line of a terminal. */
export function writeOverLine(stream: NodeJS.WriteStream, text: string): void {
  if (stream.isTTY) stream.write(`\r${ESCAPE}[2K`)
  write(stream, text)
}

/** Prints why a command failed: with stack traces where the environment variable DEBUG is set. */
export function printFailure(error: unknown, text: string): void {
  printAside(process.env.DEBUG ? debugText(error) : text)
}

/** A warning of the process, where there is no logger. */
export function warnProcess(text: string, code: string): void {
  process.emitWarning(fitForOutput(text), { code })
}
