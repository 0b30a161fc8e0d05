/**
 * Sets 80 columns for a terminal without a size (`docker run -t`, `script`, `expect`), which reports 0 columns. plop's
 * spinner divides by that number and would never end. Without a terminal, plop assumes 80 too.
 */
export function assumeTerminalWidth(streams: readonly { columns?: number }[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    if (stream.columns === 0) stream.columns = 80
  }
}

/** plop prints a mark and an arrow before the first line. */
const INDENTATION = '   '

/**
 * One text of several lines, as the result of a generator. On a terminal, each line is wrapped at its width, between words.
 * Without a terminal, no line is wrapped, because a program may read the lines.
 */
export async function wrapped(
  lines: readonly string[],
  { isTTY, columns = 80 }: { isTTY?: boolean; columns?: number } = process.stderr,
): Promise<string> {
  if (!isTTY) return lines.join(`\n${INDENTATION}`)
  const { Help } = await import('commander')
  const help = new Help()
  help.minWidthToWrap = 1
  const rows = lines.flatMap((line) => help.boxWrap(line, columns - 2 * INDENTATION.length).split('\n'))
  return rows.join(`\n${INDENTATION}`)
}
