/**
 * A terminal without a size (`docker run -t`, `script`, `expect`) says that it has 0 columns; plop's spinner then never
 * ends, for it divides by that number. 80 is what it takes where there is no terminal.
 */
export function assumeTerminalWidth(streams: readonly { columns?: number }[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    if (stream.columns === 0) stream.columns = 80
  }
}
