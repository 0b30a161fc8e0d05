import type { NodePlopAPI } from 'plop'

/** A prompt of plop and inquirer. */
export interface PlopPrompt {
  readonly type: string
  readonly name: string
  readonly message: string
  readonly help?: string
  readonly default?: () => string
  readonly choices?: readonly string[]
  /** Parses a value that plop takes from its command line, or that code gives to `runPrompts`. */
  readonly bypass?: (value: string) => unknown
  readonly validate?: (value: unknown) => Promise<true | string>
  /** The answer. `ask` asks the user; it is undefined without a terminal. */
  readonly answer: (answers: Readonly<Record<string, unknown>>, ask?: () => Promise<unknown>) => Promise<unknown>
}

interface Prompt {
  run(): Promise<unknown>
  close?(): void
}

type PromptConstructor<P> = new (prompt: P, readline: unknown, answers: Readonly<Record<string, unknown>>) => Prompt

/** Prompt types of this package. The names are long because plop registers them for the whole process. */
export const INPUT = 'dynamo-session-input'
export const LIST = 'dynamo-session-list'
export const NEVER_ASKED = 'dynamo-session-argument'

/**
 * Registers prompt types that decide themselves whether they ask. Without a terminal they never ask, because a plain prompt
 * would end the process with code 130. `when` can't decide: plop refuses arguments for a prompt that has `when`.
 */
export function registerPrompts(plop: NodePlopAPI): void {
  const { prompts } = (
    plop as unknown as { inquirer: { prompt: { prompts: Record<string, PromptConstructor<unknown>> } } }
  ).inquirer.prompt
  const register = plop.setPrompt as unknown as (name: string, prompt: PromptConstructor<PlopPrompt>) => void
  register(INPUT, deciding(prompts.input))
  register(LIST, deciding(prompts.list))
  register(NEVER_ASKED, deciding(undefined))
}

function deciding(Asking: PromptConstructor<unknown> | undefined): PromptConstructor<PlopPrompt> {
  return class implements Prompt {
    readonly #answer: () => Promise<unknown>
    #asking: Prompt | undefined

    constructor(prompt: PlopPrompt, readline: unknown, answers: Readonly<Record<string, unknown>>) {
      const ask = async () => {
        this.#asking = Asking && new Asking(prompt, readline, answers)
        return await this.#asking?.run()
      }
      this.#answer = () => prompt.answer(answers, Asking && process.stdin.isTTY ? ask : undefined)
    }

    async run(): Promise<unknown> {
      return await this.#answer()
    }

    close(): void {
      this.#asking?.close?.()
    }
  }
}
