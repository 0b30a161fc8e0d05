import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { GeneratorError } from '../files/file-plan.js'

/** Whether plop was started with `--force`. plop passes the flag on only if the plopfile does. */
export function forceIn(argv: readonly string[]): boolean {
  return parsed(beforeDashes(argv)).values.force === true
}

/**
 * Why an argument is in the wrong place; undefined when all are right. plop silently drops arguments on the wrong side
 * of `--`, or takes their values for other arguments: `session-migration --dry-run` would write the file.
 */
export function misplacedArgument(
  argv: readonly string[],
  generator: string,
  names: readonly string[],
): string | undefined {
  if (!/^plop(\.js)?$/.test(basename(argv[1] ?? ''))) return undefined
  const early = names.find((name) => parsed(beforeDashes(argv)).values[name] !== undefined)
  if (early !== undefined) return `--${early} must come after "--": npx plop ${generator} -- --${early} …`
  const [late] = droppedPositionals(argv)
  return late && `"${late}" must come before "--", or after the name of an option: npx plop ${generator} ${late}`
}

/** @throws {GeneratorError} when an argument is in the wrong place */
export function assertArgumentsArrive(argv: readonly string[], generator: string, names: readonly string[]): void {
  const problem = misplacedArgument(argv, generator, names)
  if (problem !== undefined) throw new GeneratorError(problem)
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf('--')
  return argv.slice(2, dashes === -1 ? undefined : dashes)
}

/** Texts after `--` that follow no option. plop takes a text after an option as its value. */
function droppedPositionals(argv: readonly string[]): string[] {
  const dashes = argv.indexOf('--')
  if (dashes === -1) return []
  const { tokens } = parsed(argv.slice(dashes + 1))
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
