import { Command, CommanderError, Option } from 'commander'
import { fitForLine } from '../../runtime/fit-for-output.js'
import { GeneratorError } from '../files/plan.js'
import { packageManagerOf } from '../project/package-manager.js'
import { asksForHelp, isNamed, misplacedArgument, withoutDashes } from './arguments.js'
import {
  type Answers,
  FLAGS,
  type Flags,
  hasPosition,
  type Question,
  type Questions,
  valueProblem,
} from './questions.js'

/** The arguments of a generator's command line, and what its help shows. */
export interface CommandLineDefinition<Q extends Questions = Questions> {
  readonly name: string
  /** What the generator writes, as one sentence. */
  readonly sentence: string
  readonly questions: Q
  /** Each example is the text after the generator's name. */
  readonly examples: readonly string[]
}

export interface CommandLine<Q extends Questions> {
  /** The values that are given. Undefined when only plop knows which words are the name of the generator. */
  readonly answers: Answers<Q> | undefined
  readonly flags: Flags
  /** The text of `--help`, if the command line asks for it. */
  readonly help?: string
}

/**
 * Reads plop's command line. Options count before and after `--`.
 *
 * @throws {GeneratorError} when an option is unknown, or a value is missing or refused
 */
export function readCommandLine<Q extends Questions>(
  argv: readonly string[],
  definition: CommandLineDefinition<Q>,
  root: string,
): CommandLine<Q> {
  const { name, questions } = definition
  const command = commandOf(definition, `${packageManagerOf(root).run} plop ${name}`)
  if (asksForHelp(argv)) return { answers: {}, flags: {}, help: helpText(command, definition) }
  const options = parse(command, withoutDashes(argv))
  const flags = Object.fromEntries(FLAGS.map((flag) => [flag, options[flag] === true]))
  if (options.pretend === true) flags['dry-run'] = true
  if (!isNamed(argv, name)) {
    const problem = misplacedArgument(argv, command.name(), Object.keys(questions))
    if (problem !== undefined) throw new GeneratorError(problem)
    return { answers: undefined, flags }
  }
  return {
    answers: checked(valuesOf(command, options, definition), questions, root) as Answers<Q>,
    flags,
  }
}

/** The values by position and by name. plop's `_` stands for a value that is not given. */
function valuesOf(
  command: Command,
  options: Readonly<Record<string, unknown>>,
  { questions }: CommandLineDefinition,
): Record<string, string> {
  const [, ...positionals] = command.args
  const names = Object.entries(questions).flatMap(([name, question]) => (hasPosition(question) ? [name] : []))
  const [excess] = positionals.slice(names.length)
  if (excess !== undefined) {
    throw new GeneratorError(`unexpected argument ${quoted(excess)}; see ${command.name()} --help`)
  }
  const values: Record<string, string> = {}
  for (const [index, name] of names.entries()) {
    const value = positionals[index]
    if (value !== undefined && !/^_+$/.test(value)) values[name] = value
  }
  for (const name of Object.keys(questions)) {
    const value = options[name]
    if (typeof value !== 'string') continue
    if (values[name] !== undefined) {
      throw new GeneratorError(`${name} is given twice: ${quoted(values[name])}, and --${name} ${quoted(value)}`)
    }
    if (value.startsWith('--')) throw new GeneratorError(`--${name} needs a value, not ${quoted(value)}`)
    values[name] = value
  }
  return values
}

function checked(values: Record<string, string>, questions: Questions, root: string): Record<string, string> {
  for (const [name, value] of Object.entries(values)) {
    const question = questions[name]
    if (value.trim() === '') throw new GeneratorError(`--${name} needs a value`)
    const problem = question && valueProblem(`--${name}`, question, value, root)
    if (problem !== undefined) throw new GeneratorError(problem)
  }
  return values
}

/** The options by name, as commander reads them. */
function parse(command: Command, args: readonly string[]): Record<string, unknown> {
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const text = error.message
      .replace(/^error: /, '')
      .replace(/^option '(?:-\w, )?(--[\w-]+) .*' argument missing$/, '$1 needs a value')
      .replace('\n', ' ')
    throw new GeneratorError(`${fitForLine(text)}; see ${command.name()} --help`, { cause: error })
  }
  return Object.fromEntries(
    command.options.map((option) => [option.name(), command.getOptionValue(option.attributeName())]),
  )
}

/** @param name how the user calls the generator, such as `npx plop session-config` */
function commandOf({ questions }: CommandLineDefinition, name: string): Command {
  const command = new Command(name)
    .usage([...positions(questions), '[--option …]'].join(' '))
    .helpOption(false)
    .configureHelp({ minWidthToWrap: NARROWEST })
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  for (const [name, question] of Object.entries(questions)) {
    const group = hasPosition(question) ? PROMPTS : OPTIONS
    command.addOption(new Option(`--${name} <value>`, question.help).helpGroup(group))
  }
  for (const [flags, help] of GENERAL) command.addOption(new Option(flags, help).helpGroup(OPTIONS))
  for (const flags of PLOP) command.addOption(new Option(flags).hideHelp())
  return command
}

/** Columns for a description, from which on commander wraps it. Its own default leaves long lines in 60 columns. */
const NARROWEST = 20

const PROMPTS = 'Prompts, also by position:'
const OPTIONS = 'Options:'

const GENERAL = [
  ['--dry-run', 'print path and content, write nothing'],
  ['-p, --pretend', 'the same as --dry-run'],
  ['-f, --force', 'overwrite files that exist'],
  ['-s, --skip', 'leave files that exist, with exit code 0'],
  ['-q, --quiet', 'print no notes and no next command'],
  ['--undo', 'remove what the generator would write, if it is unchanged'],
  ['--dest <folder>', "write below this folder instead of the plopfile's"],
  ['-h, --help', 'print this help, write nothing'],
] as const

/** Options of plop itself. */
const PLOP = [
  '--cwd <folder>',
  '--preload <module...>',
  '--plopfile <file>',
  '--completion <shell>',
  '--no-progress',
  '-t, --show-type-names',
  '-i, --init',
  '--init-ts',
  '-v, --version',
]

function helpText(command: Command, { sentence, examples }: CommandLineDefinition): string {
  const width = (process.stdout.isTTY && process.stdout.columns) || 80
  const lines = examples.map((line) => `  $ ${command.name()} ${line}`.trimEnd())
  return `${command.createHelp().boxWrap(sentence, width)}\n\n${command.helpInformation()}\nExamples:\n${lines.join('\n')}\n`
}

function positions(questions: Questions): string[] {
  return Object.entries(questions).flatMap(([name, question]: [string, Question]) =>
    hasPosition(question) ? [`[${name}]`] : [],
  )
}

function quoted(text: string): string {
  return JSON.stringify(fitForLine(text, 100))
}
