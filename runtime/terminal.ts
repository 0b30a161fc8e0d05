import { Help } from 'commander'
import stringWidth from 'string-width'

/** A stream that may be a terminal. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** How far the second line of a wrapped line is indented, compared with the first. */
const HANG = 2

/** Breaks lines between words. A word that is longer than a line stays whole: it may be an address or a path. */
const breaker = Object.assign(new Help(), { minWidthToWrap: 1, displayWidth: stringWidth })

/**
 * Wraps each line of a text at the width of the terminal, between words. Elsewhere the text stays as it is, because a
 * program may read it.
 *
 * @param hang by how many columns the further lines of a line are indented more than its first one
 */
export function wrapped(text: string, { isTTY, columns = 0 }: Screen, hang = HANG): string {
  if (!isTTY || columns === 0) return text
  return text
    .split('\n')
    .map((line) => wrappedLine(line, columns, hang))
    .join('\n')
}

function wrappedLine(line: string, columns: number, hang: number): string {
  if (stringWidth(line) <= columns) return line
  const [, indent = '', text = '', end = ''] = /^( *)(.*?)( *)$/.exec(line) ?? []
  const [first = '', ...others] = breaker.boxWrap(indent + text, columns).split('\n')
  if (others.length === 0) return line
  // In a narrow terminal, half of the width stays for the text.
  const further = Math.min(indent.length + hang, Math.floor(columns / 2))
  const rest = breaker.boxWrap(line.slice(first.length).trim(), columns - further)
  return [first, ...rest.split('\n')].join(`\n${' '.repeat(further)}`) + end
}
