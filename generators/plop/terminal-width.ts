import { DynamoSessionError } from '../../runtime/errors.js'
import type { Screen } from '../../runtime/terminal.js'
import { GeneratorError } from '../files/plan.js'

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

/** One text of several lines, as the result of a generator. A terminal gets lines of its width. */
export async function wrappedResult(
  lines: readonly string[],
  { isTTY = false, columns = 0 }: Screen = process.stderr,
): Promise<string> {
  // Loaded late, so that plop starts without it.
  const { wrapped } = await import('../../runtime/terminal.js')
  const screen = { isTTY, columns: Math.max(columns - 2 * INDENTATION.length, 0) }
  return lines
    .map((line) => wrapped(line, screen))
    .join('\n')
    .replaceAll('\n', `\n${INDENTATION}`)
}

/** An error that plop prints after a mark and an arrow. Without a terminal, the error stays as it is. */
export async function wrappedError(error: unknown, screen: Screen = process.stderr): Promise<unknown> {
  if (!screen.isTTY || !(error instanceof DynamoSessionError)) return error
  return new GeneratorError(await wrappedResult([error.message], screen), { cause: error })
}
