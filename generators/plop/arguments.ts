import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** Whether the program is plop. This package does not read the command line of another program. */
export function isPlop(argv: readonly string[]): boolean {
  return /^plop(\.js)?$/.test(basename(argv[1] ?? ''))
}

/** Whether the command line has the generator's own name. A plopfile may rename the generator, or have only this one. */
export function isNamed(argv: readonly string[], generator: string): boolean {
  return parsed(beforeDashes(argv)).positionals[0] === generator
}

/** Whether the command line has `--help` or `-h`. */
export function asksForHelp(argv: readonly string[]): boolean {
  const { values } = parsed(withoutDashes(argv))
  return values.help === true || values.h === true
}

/** The names of the options after `--`. plop refuses an option that is not the name of a prompt. */
export function optionsAfterDashes(argv: readonly string[]): string[] {
  const { tokens } = parseArgs({ args: afterDashes(argv), strict: false, tokens: true })
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  return [...new Set(names.flatMap((name) => [name, name.replace(/^no-/, '')]))]
}

/** The command line as one list: `--` only tells plop where the options of a generator begin. */
export function withoutDashes(argv: readonly string[]): string[] {
  return [...beforeDashes(argv), ...afterDashes(argv)]
}

/**
 * Why plop would drop a value, or take it for another one. Undefined: all values are in the right place. Needed only if plop
 * finds the values itself.
 *
 * @param command how the user calls the generator
 */
export function misplacedArgument(
  argv: readonly string[],
  command: string,
  names: readonly string[],
): string | undefined {
  const early = names.find((name) => parsed(beforeDashes(argv)).values[name] !== undefined)
  if (early !== undefined) return `--${early} must come after "--": ${command} -- --${early} …`
  const [late] = droppedPositionals(argv)
  return late && `"${late}" must come before "--", or after the name of an option: ${command} ${late}`
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf('--')
  return argv.slice(2, dashes === -1 ? undefined : dashes)
}

function afterDashes(argv: readonly string[]): string[] {
  const dashes = argv.indexOf('--')
  return dashes === -1 ? [] : argv.slice(dashes + 1)
}

/** Texts after `--` that follow no option. plop takes a text after an option as its value. */
function droppedPositionals(argv: readonly string[]): string[] {
  const { tokens } = parsed(afterDashes(argv))
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1]
    const isValue = before?.kind === 'option' && before.value === undefined
    return token.kind === 'positional' && !isValue ? [token.value] : []
  })
}

/** The command line as plop parses it. */
function parsed(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      cwd: { type: 'string' },
      preload: { type: 'string', multiple: true },
      plopfile: { type: 'string' },
      completion: { type: 'string' },
      dest: { type: 'string' },
      force: { type: 'boolean', short: 'f' },
      'show-type-names': { type: 'boolean', short: 't' },
    },
  })
}
