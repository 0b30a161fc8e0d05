import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { GeneratorError } from './file-plan.js'

/** Whether plop was started with `--force`: a pack loaded with a bare `plop.load` isn't told. */
export function forceIn(argv: readonly string[]): boolean {
  return parsed(beforeDashes(argv)).values.force === true
}

/**
 * plop drops arguments on the wrong side of `--` without a word: `session-migration --dry-run` would write.
 *
 * @throws {GeneratorError} when there are such arguments
 */
export function assertArgumentsArrive(argv: readonly string[], generator: string, names: readonly string[]): void {
  if (!/^plop(\.js)?$/.test(basename(argv[1] ?? ''))) return
  const early = names.find((name) => parsed(beforeDashes(argv)).values[name] !== undefined)
  if (early !== undefined) {
    throw new GeneratorError(`--${early} must come after "--", as in: npx plop ${generator} -- --${early} …`)
  }
  const [late] = droppedPositionals(argv)
  if (late !== undefined) {
    throw new GeneratorError(`"${late}" must come before "--", or after its name, as in: npx plop ${generator} ${late}`)
  }
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf('--')
  return argv.slice(2, dashes === -1 ? undefined : dashes)
}

/** Texts after `--` that follow no option: plop takes a text for the value of the option before it. */
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

/** As plop itself reads its command line. */
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
