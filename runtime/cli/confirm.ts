import { createInterface } from 'node:readline'
import { fitForLine } from '../fit-for-output.js'
import { write } from '../output.js'

/** Where a command asks. Without `isTTY` it can't ask. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream
}

/** Standard error stays visible when standard output is redirected. */
export const processTerminal: Terminal = { input: process.stdin, output: process.stderr }

/**
 * Asks a question that only `y` or `yes` affirms.
 *
 * @param question without its question mark
 */
export async function confirm(question: string, terminal = processTerminal): Promise<boolean> {
  const answer = await ask(`${question}? [y/N] `, terminal)
  return /^y(es)?$/i.test(answer.trim())
}

/** The typed line. Empty when the input ends or is interrupted. */
function ask(question: string, { input, output }: Terminal): Promise<string> {
  const lines = createInterface({ input, output })
  return new Promise((resolve) => {
    lines.once('close', () => {
      write(output, '\n')
      resolve('')
    })
    lines.question(fitForLine(question), (answer) => {
      lines.removeAllListeners('close')
      lines.close()
      resolve(answer)
    })
  })
}
