import { spawn } from '@lydell/node-pty'
import { cleanEnvironment } from './app.js'

/** A program in a real terminal. */
export interface Terminal {
  /** Waits until the text appears in what was printed since the last `see`. */
  see(text: string): Promise<void>
  type(keys: string): void
  /** Everything printed, without control sequences. */
  output(): string
  /** Everything printed, with control sequences. */
  raw(): string
  exit: Promise<number>
}

/** What the keys of a terminal send. */
export const ENTER = '\r'
export const DOWN = '\u001b[B'
export const CONTROL_C = '\u0003'
export const CLEAR_LINE = '\u0015'

interface TerminalSettings {
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program in a terminal, of 80 columns by default. */
export function openTerminal(
  command: string,
  args: readonly string[],
  cwd: string,
  { columns = 80, env: own = {} }: TerminalSettings = {},
): Terminal {
  const given = Object.entries({ ...cleanEnvironment(), ...own })
  const env = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  const child = spawn(command, [...args], { name: own.TERM ?? 'xterm', cols: columns, rows: 30, cwd, env })
  let printed = ''
  let raw = ''
  let seen = 0
  child.onData((data) => {
    raw += data
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is removed here
    printed += data.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
  })
  let ended = false
  const exit = new Promise<number>((resolve) => {
    child.onExit(({ exitCode }) => {
      ended = true
      resolve(exitCode)
    })
  })
  const deadline = setTimeout(() => child.kill('SIGKILL'), 60_000)
  exit.then(() => clearTimeout(deadline))
  return {
    exit,
    output: () => printed,
    raw: () => raw,
    type: (keys) => child.write(keys),
    async see(text) {
      for (;;) {
        const at = printed.indexOf(text, seen)
        if (at !== -1) {
          seen = at + text.length
          return
        }
        if (ended) throw new Error(`ended without printing ${JSON.stringify(text)}:\n${printed}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}
