import { resolve } from 'node:path'
import type { ActionType, NodePlopAPI, PlopGeneratorConfig } from 'plop'
import { writeOverLine } from '../../runtime/output.js'
import { asksForHelp, isNamed, isPlop } from './arguments.js'
import type { CommandLine } from './command-line.js'
import { promptsOf } from './prompts-of.js'
import { checkedAnswers, type Questions } from './questions.js'
import { type Generator, runGenerator } from './run-generator.js'
import { wrappedError } from './terminal-width.js'

export interface AddSettings {
  /** `{ force }`, if the plopfile of the application passes it on. */
  readonly force: boolean
  /** The command line of this process. */
  readonly argv?: readonly string[]
}

/**
 * Adds a generator to plop, with the flags of every generator: `--help`, `--dry-run`, `--force`, `--undo` and more. If the
 * command line asks for the help of this generator, prints it and ends the process.
 */
export async function addGenerator<const Q extends Questions>(
  plop: NodePlopAPI,
  generator: Generator<Q>,
  { force, argv = process.argv }: AddSettings,
): Promise<void> {
  const { name, sentence: description } = generator
  const rootOf = () => resolve(plop.getDestBasePath())
  let read: Promise<CommandLine<Q>> | undefined
  /** Undefined when the program is not plop. The module is loaded only when the generator runs. */
  const commandLine = async () => {
    if (!isPlop(argv)) return undefined
    read ??= import('./command-line.js').then((module) => module.readCommandLine(argv, generator, rootOf()))
    return await read
  }
  // Not later: plop prints before and after actions, and Inquirer turns an exit during prompts into an interrupt.
  if (isPlop(argv) && isNamed(argv, name) && asksForHelp(argv)) {
    await printHelp((await commandLine())?.help)
    process.exit(0)
  }
  const asked: Record<string, unknown> = {}
  const prompts = promptsOf(generator.questions, { name, argv, rootOf, commandLine, asked })
  /** plop's values for the questions, without the pads' values. */
  const valuesFromPlop = (line: CommandLine<Q>, given: object) =>
    line.answers
      ? asked
      : Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(generator.questions, key)))
  plop.setGenerator(name, {
    description,
    prompts: prompts as unknown as PlopGeneratorConfig['prompts'],
    actions: (given = {}) => {
      const actions: ActionType[] = []
      actions.push(async (_, config) => {
        const root = rootOf()
        const line = await commandLine()
        if (line?.help !== undefined) {
          await printHelp(line.help)
          return 'nothing was written'
        }
        const values = checkedAnswers(line ? valuesFromPlop(line, given) : given, generator.questions, root)
        const results = await runGenerator(generator, {
          root,
          answers: { ...values.answers, ...line?.answers },
          flags: { ...values.flags, ...line?.flags, ...((force || config.force === true) && { force: true }) },
          plop: line !== undefined,
        }).catch(async (error: unknown) => {
          throw line ? await wrappedError(error) : error
        })
        const [first = '', ...others] = results
        actions.push(...others.map((result) => () => result))
        return first
      })
      return actions
    },
  })
}

/** Prints the help over plop's spinner, which may be at the beginning of a terminal's line. */
async function printHelp(help = ''): Promise<void> {
  writeOverLine(process.stdout, help)
  await new Promise((resolve) => process.stdout.write('', resolve))
}
