import { createInterface } from 'node:readline'
import { fitForLine } from '../fit-for-output.js'
import { write } from '../output.js'
import { type Screen, wrapped } from '../terminal.js'

/** The terminal in which a command asks. Without `isTTY`, the command can't ask. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & Screen
}

/** Standard error stays visible when standard output is redirected. */
export const processTerminal: Terminal = { input: process.stdin, output: process.stderr }

/**
 * Asks a question. `y` and `yes` mean yes.
 *
 * @param question without its question mark
 * @param byDefault the meaning of an empty line
 * @returns undefined when the input ends or is interrupted
 */
export async function confirm(
  question: string,
  terminal = processTerminal,
  { byDefault = false }: { byDefault?: boolean } = {},
): Promise<boolean | undefined> {
  const answer = (await ask(`${question}? ${byDefault ? '[Y/n]' : '[y/N]'} `, terminal))?.trim()
  if (answer === undefined) return undefined
  return answer === '' ? byDefault : /^y(es)?$/i.test(answer)
}

/** The typed line. Undefined when the input ends or is interrupted. */
export function ask(question: string, { input, output }: Terminal): Promise<string | undefined> {
  // readline emits no `close` for an input that has already ended.
  if (!input.readable) return Promise.resolve(undefined)
  const lines = createInterface({ input, output })
  return new Promise((resolve) => {
    const ended = () => {
      write(output, '\n')
      resolve(undefined)
    }
    lines.once('close', ended)
    lines.question(wrapped(fitForLine(question), output), (answer) => {
      // Removes only this listener: readline's own listener has to stop the reading.
      lines.off('close', ended)
      lines.close()
      resolve(answer)
    })
  })
}
