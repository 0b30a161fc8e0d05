import { WriteStream } from 'node:tty'
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

/** Prints a text on standard error. A part at its beginning may have a colour. */
export function printAside(text: string, { text: label, colour }: Part = { text: '' }): void {
  const fit = fitForOutput(text, Number.POSITIVE_INFINITY)
  const isLabelled = label !== '' && fit.startsWith(label)
  console.error(isLabelled ? coloured({ text: label, colour }, process.stderr) + fit.slice(label.length) : fit)
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
  readonly colour?: 'dim' | 'green' | 'red' | 'yellow' | undefined
}

/** What a line is written to. */
export interface ColourScreen {
  readonly isTTY?: boolean
  hasColors?(): boolean
}

/**
 * Writes a line of parts. Texts are made fit for output before the colours are added.
 *
 * @param wrap may break the line, at the width of a terminal
 */
export function printParts(
  screen: Pick<NodeJS.WriteStream, 'write'> & ColourScreen,
  parts: readonly Part[],
  wrap: (line: string) => string = (line) => line,
): void {
  const line = parts.map(({ text, colour }) => coloured({ text: fitForLine(text), colour }, screen)).join('')
  screen.write(`${wrap(line)}\n`)
}

function coloured({ text, colour }: Part, screen: ColourScreen): string {
  return colour && hasColours(screen) ? styleText(colour, text, { validateStream: false }) : text
}

/** A terminal has colours unless NO_COLOR or TERM=dumb is set. With FORCE_COLOR, files and pipes have colours too. */
export function hasColours(screen: ColourScreen): boolean {
  if (screen.isTTY) return screen.hasColors?.() ?? false
  return process.env.FORCE_COLOR !== undefined && WriteStream.prototype.hasColors()
}

/** Prints why a command failed. With the environment variable DEBUG, prints stack traces instead. */
export function printFailure(error: unknown, text: string, label?: string): void {
  if (process.env.DEBUG) printAside(debugText(error))
  else printAside(text, { text: label ?? '', colour: 'red' })
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
