import type { Problem } from '../errors.js'
import { parseText } from './check-value.js'
import { didYouMean } from './did-you-mean.js'
import { pointer } from './foreign-options.js'
import { ENV_OPTION_NAMES, ENV_PREFIX, envName, OPTION_NAMES } from './option-table.js'
import type { OptionName } from './options.js'
import type { Origin } from './origin.js'

type Environment = Readonly<Record<string, string | undefined>>

/** The prefix in early versions of the Ruby gem. */
const OLD_PREFIX = 'DYNAMO_DB_SESSION_'

const KNOWN = ENV_OPTION_NAMES.map(envName)
const IN_CODE_ONLY = OPTION_NAMES.map(envName).filter((variable) => !KNOWN.includes(variable))

/** Reads the options that are set as `AWS_DYNAMO_DB_SESSION_…`; an empty variable counts as unset. */
export function readEnvironment(env: Environment): Origin {
  const values = new Map<OptionName, { value: unknown; source: string }>()
  const problems: Problem[] = []
  const warnings: string[] = []
  const misnamed = new Map<OptionName, Problem>()
  for (const name of ENV_OPTION_NAMES) {
    const variable = envName(name)
    const text = env[variable]
    if (!text) continue
    const checked = parseText(name, text)
    if ('problem' in checked) {
      const hint = pointer(name, envName)
      problems.push({ place: `ENV ${variable}`, text: checked.problem + hint })
    } else values.set(name, { value: checked.value, source: `ENV ${variable}` })
  }
  for (const variable of Object.keys(env).sort()) {
    if (variable.startsWith(ENV_PREFIX) && !KNOWN.includes(variable)) {
      const hint = pointer(variable.slice(ENV_PREFIX.length), envName)
      if (hint && env[variable]) problems.push({ place: `ENV ${variable}`, text: `${NO_OPTION}${hint}` })
      else warnings.push(warningOf(variable))
    }
    const name = env[variable] ? optionOfOldName(variable) : undefined
    if (name) misnamed.set(name, { place: `ENV ${variable}`, text: `is not read: rename it to AWS_${variable}` })
  }
  return { values, problems, warnings, misnamed }
}

const NO_OPTION = 'is not an option of dynamo-session-store'

function warningOf(variable: string): string {
  return IN_CODE_ONLY.includes(variable)
    ? `ENV ${variable} is not read: this option can only be set in code`
    : `ENV ${variable} ${NO_OPTION}${didYouMean(variable, KNOWN)}`
}

function optionOfOldName(variable: string): OptionName | undefined {
  if (!variable.startsWith(OLD_PREFIX)) return undefined
  return ENV_OPTION_NAMES.find((name) => envName(name) === `AWS_${variable}`)
}
