import { fitForOutput } from '../../runtime/fit-for-output.js'
import { GeneratorError } from '../files/plan.js'
import { isNamed, isPlop, optionsAfterDashes } from './arguments.js'
import type { CommandLine } from './command-line.js'
import { INPUT, LIST, NEVER_ASKED, type PlopPrompt } from './prompts.js'
import { type Answers, type Question, type Questions, valueProblem } from './questions.js'

interface Sources {
  /** Name of the generator. */
  readonly name: string
  /** The command line of this process. */
  readonly argv: readonly string[]
  readonly rootOf: () => string
  readonly commandLine: () => Promise<CommandLine<Questions> | undefined>
  /** Receives what the user answered. */
  readonly asked: Record<string, unknown>
}

/** The prompts that ask a generator's questions. */
export function promptsOf(questions: Questions, sources: Sources): PlopPrompt[] {
  const prompts = Object.entries(questions).map(([name, question]) => promptOf(name, question, sources))
  return isPlop(sources.argv) ? withPads(prompts, sources) : prompts
}

function promptOf(name: string, question: Question, { rootOf, commandLine, asked }: Sources): PlopPrompt {
  const { message, help, choices, default: initial, asked: asks = true } = question
  const isAsked = (answers: Answers) => (typeof asks === 'function' ? asks(answers, rootOf()) : asks)
  return {
    type: choices === undefined ? INPUT : LIST,
    name,
    message,
    help,
    ...(choices && { choices }),
    ...(initial && { default: () => initial(rootOf()) }),
    // plop passes "true" for an option without a value.
    bypass: (value) => (value.trim() === '' || value === 'true' ? undefined : value),
    validate: (value) =>
      problemOf(commandLine, () => {
        if (value === undefined) return `--${name} needs a value`
        return value === '' ? undefined : valueProblem(name, question, value, rootOf())
      }),
    answer: async (answers, ask) => {
      const line = await commandLine()
      const given = line?.answers
      if (line?.help !== undefined) return ''
      if (given?.[name] !== undefined) return given[name]
      if (!ask || !isAsked({ ...answers, ...given } as Answers)) return initial?.(rootOf()) ?? ''
      asked[name] = await ask()
      return asked[name]
    },
  }
}

/**
 * The prompts, and further prompts that are never asked ("pads"). Without pads, plop refuses options after `--` that have no
 * prompt, and more values than prompts. If the command line has the generator's name, this package reads the values. The
 * pads then come first, and plop's own values go to the pads.
 */
function withPads(prompts: readonly PlopPrompt[], { argv, name, commandLine }: Sources): PlopPrompt[] {
  const pad = (padName: string): PlopPrompt => ({
    type: NEVER_ASKED,
    name: padName,
    message: padName,
    validate: () => problemOf(commandLine, () => undefined),
    answer: async () => {
      await commandLine()
      return ''
    },
  })
  const known = new Set(prompts.map((prompt) => prompt.name))
  const options = optionsAfterDashes(argv).filter((option) => !known.has(option))
  const texts = argv.slice(2).map((_, index) => `argument ${index + 1}`)
  return isNamed(argv, name)
    ? [...texts.map(pad), ...options.map(pad), ...prompts]
    : [...prompts, ...options.map(pad), ...texts.map(pad)]
}

/** What `validate` of a prompt returns. */
async function problemOf(
  commandLine: Sources['commandLine'],
  problem: () => string | undefined,
): Promise<true | string> {
  try {
    await commandLine()
    const found = problem()
    return found === undefined ? true : fitForOutput(found)
  } catch (error) {
    if (error instanceof GeneratorError) return error.message
    throw error
  }
}
