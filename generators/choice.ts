import { GeneratorError } from './files/plan.js'

/**
 * The choice that a text names.
 *
 * @param what is chosen, for the message
 * @throws {GeneratorError} when the text names none of the choices
 */
export function choiceOf<Choice extends string>(what: string, text: string, choices: readonly Choice[]): Choice {
  const known = choices.find((choice) => choice === text)
  if (known !== undefined) return known
  throw new GeneratorError(`unknown ${what} ${JSON.stringify(text)}: choose ${choices.join(', ')}`)
}
