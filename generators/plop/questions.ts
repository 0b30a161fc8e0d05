import { didYouMean } from '../../runtime/configuration/did-you-mean.js'
import { fitForLine } from '../../runtime/fit-for-output.js'
import { GeneratorError } from '../files/plan.js'

/** A value that a generator needs: asked for in a terminal, given on the command line, or given from code. */
export interface Question {
  /** What a terminal shows. */
  readonly message: string
  /** What `--help` shows. */
  readonly help: string
  /** Undefined: any text. */
  readonly choices?: readonly string[]
  /** The value if none is given. */
  readonly default?: (root: string) => string
  /** Why a text is refused; undefined when it is not. */
  readonly problem?: (text: string, root: string) => string | undefined
  /**
   * Whether a terminal asks. With `false`, the value is only an option of the command line, and has no position.
   *
   * @default true
   */
  readonly asked?: boolean | ((answers: Answers, root: string) => boolean)
  /** `false`: the value has no position on the command line, only an option. */
  readonly position?: false
}

/** By name, in the order in which they are asked. A name is that of the option: `index` is `--index`. */
export type Questions = Readonly<Record<string, Question>>

/** The values by name. An empty text counts as none. */
export type Answers<Q extends Questions = Questions> = { readonly [Name in keyof Q]?: string | undefined }

/** The flags of every generator. */
export const FLAGS = ['dry-run', 'force', 'skip', 'quiet', 'undo'] as const
export type Flags = Readonly<Partial<Record<(typeof FLAGS)[number], boolean>>>

/** Whether the value of a question can be given by position. */
export function hasPosition({ asked, position }: Question): boolean {
  return asked !== false && position !== false
}

/** Why a value is refused; undefined when it is not. */
export function valueProblem(name: string, question: Question, value: unknown, root: string): string | undefined {
  if (typeof value !== 'string') return `${name} must be a text, not ${shown(value)}`
  const { choices, problem } = question
  const found = problem?.(value, root)
  if (found !== undefined || choices === undefined || choices.includes(value)) return found
  return `${name} must be one of ${choices.join(', ')}, not ${shown(value)}`
}

/**
 * Checks answers from code. `{ dryRun: true }` counts as `{ 'dry-run': true }`, and `pretend` as `dry-run`.
 *
 * @throws {GeneratorError} when an answer is unknown, of a wrong type, or refused by its question
 */
export function checkedAnswers<Q extends Questions>(
  given: unknown,
  questions: Q,
  root: string,
): { answers: Answers<Q>; flags: Flags } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new GeneratorError(`the answers must be an object, not ${shown(given)}`)
  }
  const answers: Record<string, string> = {}
  const flags: Record<string, boolean> = {}
  for (const [key, value] of Object.entries(given)) {
    const name = nameOf(key)
    const question = Object.hasOwn(questions, name) ? questions[name] : undefined
    if (value === undefined) continue
    if (question !== undefined) {
      const problem = value === '' ? undefined : valueProblem(key, question, value, root)
      if (problem !== undefined) throw new GeneratorError(problem)
      if (value !== '') answers[name] = String(value)
    } else if (FLAGS.some((flag) => flag === name)) {
      if (typeof value !== 'boolean') throw new GeneratorError(`${key} must be true or false, not ${shown(value)}`)
      flags[name] = value
    } else {
      const known = [...Object.keys(questions), ...FLAGS].map(camelCase)
      throw new GeneratorError(
        `unknown answer ${shown(key)}${didYouMean(key, known) || `; known are ${known.join(', ')}`}`,
      )
    }
  }
  return { answers: answers as Answers<Q>, flags: flags as Flags }
}

function nameOf(key: string): string {
  const name = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return name === 'pretend' ? 'dry-run' : name
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function shown(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return fitForLine(JSON.stringify(value) ?? String(value), 100)
}
