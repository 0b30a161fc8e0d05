import { assertSecretsReadable, type Configuration } from '../../configuration/resolve.js'
import { ConfigurationError } from '../../errors.js'
import type { Finding } from './finding.js'

const check = 'secret_key'

/** The ENV name that the files of `session-store` read. */
const SESSION_SECRET = 'SESSION_SECRET'

const REMEDY = 'use a random secret, such as the output of: node -p "crypto.randomBytes(32).toString(\'hex\')"'

/** Length in characters. Shorter secrets can be guessed. */
const SHORTEST = 32

/** Values of examples and templates, which everybody knows. */
const PLACEHOLDER =
  /^(?:(.)\1*|<.*>|\$\{.*|.*\b(?:change|replace)[-_ ]?(?:me|this|it)\b.*|(?:your|my|the|our|some)(?:[-_ ][a-z]+)+|(?:super|top|very|session|app|dev|test|my)?[-_ ]?(?:secret|s3cr3t|password|key)(?:[-_ ]?key)?(?:[-_ ]?base)?\d*|keyboard ?cat|placeholder|todo|example.*|insert.*|xxx.*|shh+|(?:123)+\d{0,7}|(?:1234567890)+\d{0,9}|development|local|test|dummy)$/i

/** Whether the secrets can be read, and could be guessed. Never shows a secret. */
export function* secretFindings(configuration: Configuration): Generator<Finding> {
  try {
    assertSecretsReadable(configuration)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    for (const { place, text } of error.problems) yield { level: 'error', check, text: `${place}: ${text}` }
    return
  }
  const { secretKey, sources } = configuration
  if (secretKey === undefined) {
    yield* frameworkSecret(process.env[SESSION_SECRET])
    return
  }
  const secrets = typeof secretKey === 'string' ? [secretKey] : secretKey
  const weak = secrets.flatMap((secret, at) => {
    const problem = weakness(secret)
    return problem === undefined
      ? []
      : [secrets.length === 1 ? problem : `secret ${at + 1} of ${secrets.length} ${problem}`]
  })
  const text = `set (${sources.secretKey})`
  if (weak.length === 0) yield { level: 'ok', check, text }
  const remedy = `${REMEDY}; in a list, keep the old one last until its sessions have expired`
  for (const problem of weak) yield { level: 'warning', check, text: `${text}, but ${problem}`, remedy }
}

/** The secret of the framework, which signs the cookie if `secret_key` is not set. */
function* frameworkSecret(secret: string | undefined): Generator<Finding> {
  const problem = secret ? weakness(secret) : undefined
  if (problem) yield { level: 'warning', check, text: `not set; ENV ${SESSION_SECRET} ${problem}`, remedy: REMEDY }
  else yield { level: 'ok', check, text: 'not set; express-session signs with its own secret' }
}

/** Why a secret could be guessed. Undefined: the secret is long, and no placeholder. */
export function weakness(secret: string): string | undefined {
  if (PLACEHOLDER.test(secret.trim())) return 'is a placeholder, which anybody can guess'
  if (secret.length >= SHORTEST) return undefined
  return `has only ${secret.length} characters; ${SHORTEST} or more are safe`
}
