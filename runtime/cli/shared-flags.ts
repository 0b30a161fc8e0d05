import { DynamoSessionError } from '../errors.js'
import type { SharedOptions } from './command.js'

const FLAGS = ['environment', 'config', 'options'] as const

export const SHARED_FLAGS_HELP =
  '--environment NAME, --config FILE and --options MODULE (the file that exports your options) go with every command.'

/**
 * Takes the options that both executables share out of a command line, for a parser that doesn't know them.
 *
 * @throws {Error} when one has no value
 */
export function takeSharedFlags(argv: readonly string[]): { shared: SharedOptions; rest: string[] } {
  const shared: Partial<Record<(typeof FLAGS)[number], string>> = {}
  const rest: string[] = []
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? ''
    const flag = FLAGS.find((name) => argument === `--${name}` || argument.startsWith(`--${name}=`))
    if (!flag) {
      rest.push(argument)
      continue
    }
    const inside = argument.startsWith(`--${flag}=`)
    const value = inside ? argument.slice(flag.length + 3) : argv[index + 1]
    if (!inside) index += 1
    if (!value || (!inside && value.startsWith('-')))
      throw new DynamoSessionError(`--${flag} needs a value, as in --${flag} …`)
    shared[flag] = value
  }
  return { shared, rest }
}
