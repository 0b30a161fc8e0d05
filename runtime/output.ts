import { styleText } from 'node:util'
import { debugText, fitForLine, fitForOutput } from './fit-for-output.js'

/*
 * All output to a terminal goes through these functions, and so through fitForOutput(). test/unit/output/hostile-texts.test.ts
 * checks that.
 */

/** Prints a text on standard output. */
export function print(text: string): void {
  console.log(fitForOutput(text, Number.POSITIVE_INFINITY))
}

/** Prints a text on standard error. */
export function printAside(text: string): void {
  console.error(fitForOutput(text, Number.POSITIVE_INFINITY))
}

/** Writes a text without adding a line break. */
export function write(stream: NodeJS.WritableStream, text: string): void {
  stream.write(fitForOutput(text, Number.POSITIVE_INFINITY))
}

const ESCAPE = '\u001b'

/** Prints a line above a progress bar. The bar draws itself again at the saved position (ESC 7). */
export function writeAboveBar(screen: NodeJS.WritableStream, line: string): void {
  screen.write(`\r${ESCAPE}[2K${ESCAPE}[?7h${fitForLine(line)}\n${ESCAPE}[?7l${ESCAPE}7`)
}

/** Writes a text over the current line of a terminal. */
export function writeOverLine(stream: NodeJS.WriteStream, text: string): void {
  if (stream.isTTY) stream.write(`\r${ESCAPE}[2K`)
  write(stream, text)
}

/** A text, and the colour that it has on a terminal with colours. */
export interface Part {
  readonly text: string
  readonly colour?: 'dim' | 'green' | 'red' | 'yellow'
}

/** Writes a line of parts. Texts are made fit for output before the colours are added. */
export function printParts(screen: Pick<NodeJS.WriteStream, 'write'>, parts: readonly Part[], colours: boolean): void {
  const texts = parts.map(({ text, colour }) => {
    const fit = fitForLine(text)
    return colours && colour ? styleText(colour, fit, { validateStream: false }) : fit
  })
  screen.write(`${texts.join('')}\n`)
}

/** Prints why a command failed. With the environment variable DEBUG, prints stack traces instead. */
export function printFailure(error: unknown, text: string): void {
  printAside(process.env.DEBUG ? debugText(error) : text)
}

/** Emits a warning of the process, for code without a logger. */
export function warnProcess(text: string, code: string): void {
  process.emitWarning(fitForOutput(text), { code })
}

const warned = new Set<string>()

/** Like {@link warnProcess}, but each text only once. */
export function warnProcessOnce(text: string, code: string): void {
  if (warned.has(text)) return
  warned.add(text)
  warnProcess(text, code)
}
