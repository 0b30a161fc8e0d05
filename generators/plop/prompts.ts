import type { NodePlopAPI } from 'plop'
import { fitForOutput } from '../../runtime/fit-for-output.js'

/** A question of inquirer and plop. `bypass` parses the value of an argument. */
export interface Question {
  readonly type: string
  readonly name: string
  readonly message: string
  /** plop shows it when an argument is wrong. */
  readonly help: string
  readonly default?: unknown
  readonly choices?: readonly string[]
  readonly bypass?: (value: string) => unknown
  readonly validate?: (value: unknown) => true | string
}

interface Prompt {
  run(): Promise<unknown>
  close?(): void
}

type PromptConstructor = new (question: Question, readline: unknown, answers: unknown) => Prompt

/** Prompt types of this pack. The names are long because plop registers them for the whole process. */
const INPUT = 'dynamo-session-input'
const LIST = 'dynamo-session-list'
const NEVER_ASKED = 'dynamo-session-argument'

/**
 * Registers prompt types that return their default without a terminal, where a plain prompt ends the process with code
 * 130. (`when` does not help: plop refuses arguments for a prompt that has it.)
 */
export function registerPrompts(plop: NodePlopAPI): void {
  const { prompts } = (plop as unknown as { inquirer: { prompt: { prompts: Record<string, PromptConstructor> } } })
    .inquirer.prompt
  const register = plop.setPrompt as unknown as (name: string, prompt: PromptConstructor) => void
  register(INPUT, inTerminal(prompts.input))
  register(LIST, inTerminal(prompts.list))
  register(NEVER_ASKED, inTerminal(undefined))
}

function inTerminal(Asking: PromptConstructor | undefined): PromptConstructor {
  return class implements Prompt {
    readonly #prompt: Prompt | undefined
    readonly #default: unknown

    constructor(question: Question, readline: unknown, answers: unknown) {
      this.#prompt = Asking && process.stdin.isTTY ? new Asking(question, readline, answers) : undefined
      this.#default = question.default ?? ''
    }

    async run(): Promise<unknown> {
      return this.#prompt ? this.#prompt.run() : this.#default
    }

    close(): void {
      this.#prompt?.close?.()
    }
  }
}

interface Wording {
  readonly name: string
  readonly message: string
  readonly help: string
}

/** A question for a text. `problem` says why a text is refused, typed or given as an argument. */
export function textQuestion(
  wording: Wording & { default?: string },
  problem: (text: string) => string | undefined,
): Question {
  return {
    type: INPUT,
    ...wording,
    bypass: argumentText,
    validate: (value) => (typeof value === 'string' ? (problem(value) ?? true) : `--${wording.name} needs a value`),
  }
}

/** A question with a fixed set of choices. */
export function choiceQuestion(
  wording: Wording & { default: () => string; choices: readonly string[] },
  problem: (text: string) => string,
): Question {
  return {
    type: LIST,
    ...wording,
    bypass: argumentText,
    validate: (value) => (wording.choices.includes(String(value)) ? true : problem(String(value ?? ''))),
  }
}

/** A text that is given only as an argument, never asked for. plop accepts only names of prompts after `--`. */
export function textArgument(wording: Wording, problem: (text: string) => string | undefined): Question {
  return { ...textQuestion(wording, problem), type: NEVER_ASKED }
}

/** The argument `-- --dry-run`. */
export const dryRunArgument: Question = {
  type: NEVER_ASKED,
  name: 'dry-run',
  message: 'Only print path and content?',
  help: 'Print path and content, write nothing',
  default: false,
  bypass: (value) => (['true', 'false'].includes(value) ? value === 'true' : value),
  validate: (value) => (typeof value === 'boolean' ? true : `unexpected argument "${value}": --dry-run takes no value`),
}

/** The same questions, which first refuse a wrong command line as a whole. */
export function guarded(
  questions: readonly Question[],
  problem: (names: readonly string[]) => string | undefined,
): Question[] {
  const names = questions.map(({ name }) => name)
  return questions.map((question) => ({
    ...question,
    validate: (value) => {
      const found = problem(names) ?? question.validate?.(value) ?? true
      return found === true || fitForOutput(found)
    },
  }))
}

/** The text of an argument. plop passes "true" for an argument without a value. */
function argumentText(value: string): string | undefined {
  return value.trim() === '' || value === 'true' ? undefined : value
}
