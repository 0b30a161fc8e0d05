/**
 * Sets 80 columns for a terminal without a size (`docker run -t`, `script`, `expect`), which reports 0 columns. plop's
 * spinner divides by that number and would never end. Without a terminal, plop assumes 80 too.
 */
export function assumeTerminalWidth(streams: readonly { columns?: number }[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    if (stream.columns === 0) stream.columns = 80
  }
}

/** A stream that may be a terminal. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** plop prints a mark and an arrow before the first line. */
const INDENTATION = '   '

/** One text of several lines, as the result of a generator, in the lines of {@link wrappedLines}. */
export async function wrapped(lines: readonly string[], screen: Screen = process.stderr): Promise<string> {
  return (await wrappedLines(lines, screen, 2 * INDENTATION.length)).join(`\n${INDENTATION}`)
}

/**
 * On a terminal, each line is wrapped at its width, between words. Without a terminal, no line is wrapped, because a program
 * may read the lines.
 *
 * @param margin columns that stay free
 */
export async function wrappedLines(
  lines: readonly string[],
  { isTTY, columns = 80 }: Screen,
  margin = 0,
): Promise<readonly string[]> {
  if (!isTTY || columns === 0) return lines
  const { Help } = await import('commander')
  const help = new Help()
  help.minWidthToWrap = 1
  return lines.flatMap((line) => help.boxWrap(line, columns - margin).split('\n'))
}
