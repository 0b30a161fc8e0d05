type Environment = Readonly<Record<string, string | undefined>>

/**
 * A text with its `${…}` filled in. `changed`: the text held a `${…}` or `$$`. A problem never repeats the text, which may
 * be part of a secret. `reference`: a `${…}` causes the problem.
 */
export type Interpolated =
  | { readonly text: string; readonly changed: boolean }
  | { readonly problem: string; readonly reference?: true }

/** The Ruby gem evaluates ERB in its configuration file. Without this check, the text of the program would be used as the secret. */
const ERB = 'holds ERB (<% … %>), which only Ruby evaluates; write ${VARIABLE} for an environment variable'

const REFERENCE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/

/**
 * Replaces `${VAR}` and `${VAR:-default}` by the environment's values and `$$` by a dollar; any other `$` stays.
 * As in the shell, `:-` also applies to a variable that is set but empty. Refuses ERB.
 */
export function interpolate(text: string, env: Environment): Interpolated {
  if (text.includes('<%')) return { problem: ERB }
  let result = ''
  let rest = text
  for (;;) {
    const dollar = rest.search(/\$[${]/)
    if (dollar === -1) return { text: result + rest, changed: rest.length !== text.length }
    result += rest.slice(0, dollar)
    if (rest[dollar + 1] === '$') {
      result += '$'
      rest = rest.slice(dollar + 2)
      continue
    }
    const end = rest.indexOf('}', dollar)
    if (end === -1) return { problem: 'holds "${" without "}"; write $$ for a dollar sign', reference: true }
    const inside = rest.slice(dollar + 2, end)
    const [, name, otherwise] = REFERENCE.exec(inside) ?? []
    if (name === undefined) {
      return { problem: '"${…}" must hold VARIABLE or VARIABLE:-default', reference: true }
    }
    const value = env[name] || otherwise
    if (value === undefined) {
      return {
        problem: `the environment variable ${name} is not set; set it, or give a default: \${${name}:-…}`,
        reference: true,
      }
    }
    result += value
    rest = rest.slice(end + 1)
  }
}
