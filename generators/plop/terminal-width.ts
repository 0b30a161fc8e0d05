/**
 * Sets 80 columns for a terminal without a size (`docker run -t`, `script`, `expect`), which reports 0 columns. plop's
 * spinner divides by that number and would never end. Without a terminal, plop assumes 80 too.
 */
export function assumeTerminalWidth(streams: readonly { columns?: number }[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    if (stream.columns === 0) stream.columns = 80
  }
}
