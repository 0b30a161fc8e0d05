import type { Problem } from '../errors.js'
import { didYouMean } from './did-you-mean.js'
import { ENV_OPTION_NAMES, ENV_PREFIX, envName, OPTION_NAMES } from './option-table.js'
import { parseText } from './option-values.js'
import type { OptionName } from './options.js'
import type { Origin } from './origin.js'

/** Reads the options that are set as `AWS_DYNAMO_DB_SESSION_…`; an empty variable counts as unset. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Origin {
  const values = new Map<OptionName, { value: unknown; source: string }>()
  const problems: Problem[] = []
  for (const name of ENV_OPTION_NAMES) {
    const variable = envName(name)
    const text = env[variable]
    if (!text) continue
    const checked = parseText(name, text)
    if ('problem' in checked) problems.push({ place: `ENV ${variable}`, text: checked.problem })
    else values.set(name, { value: checked.value, source: `ENV ${variable}` })
  }
  return { values, problems, warnings: unknownVariables(env) }
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = ENV_OPTION_NAMES.map(envName)
  const inCodeOnly = OPTION_NAMES.map(envName).filter((variable) => !known.includes(variable))
  return Object.keys(env)
    .filter((variable) => variable.startsWith(ENV_PREFIX) && !known.includes(variable))
    .sort()
    .map((variable) =>
      inCodeOnly.includes(variable)
        ? `ENV ${variable} is not read: this option can only be set in code`
        : `ENV ${variable} is not an option of dynamo-session-store${didYouMean(variable, known)}`,
    )
}
