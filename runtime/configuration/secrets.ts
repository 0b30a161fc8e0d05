import { ConfigurationError } from '../errors.js'
import { warnProcessOnce } from '../output.js'
import { assertSecretsReadable, type Configuration, isProduction, placeOf } from './resolve.js'

export const SECRET_REMEDY =
  'use a random secret, such as the output of: node -p "crypto.randomBytes(32).toString(\'hex\')"'

/** The shortest secret that can't be guessed, in bytes. */
const SHORTEST = 32

/** Values of examples and templates, which everybody knows. */
const PLACEHOLDER =
  /^(?:(.)\1*|<.*>|\$\{.*|.*\b(?:change|replace)[-_ ]?(?:me|this|it)\b.*|(?:your|my|the|our|some)(?:[-_ ][a-z]+)+|(?:super|top|very|session|app|dev|test|my)?[-_ ]?(?:secret|s3cr3t|password|key)(?:[-_ ]?key)?(?:[-_ ]?base)?\d*|keyboard ?cat|placeholder|todo|example.*|insert.*|xxx.*|shh+|(?:123)+\d{0,7}|(?:1234567890)+\d{0,9}|development|local|test|dummy)$/i

/** Why a secret could be guessed. Undefined if the secret is long enough and not a placeholder. */
export function weakness(secret: string): string | undefined {
  if (PLACEHOLDER.test(secret.trim())) return 'is a placeholder, which anybody can guess'
  const bytes = Buffer.byteLength(secret)
  return bytes >= SHORTEST ? undefined : `has only ${bytes} bytes; ${SHORTEST} or more are safe`
}

/** The secrets of `secret_key`, the one that signs first. */
export function secretsOf({ secretKey }: Pick<Configuration, 'secretKey'>): readonly string[] {
  if (secretKey === undefined) return []
  return typeof secretKey === 'string' ? [secretKey] : secretKey
}

/**
 * Makes sure that a store can use its secrets. The process warns once about each secret that could be guessed. In
 * production, such a secret must not sign. Later in a list it may still verify, so that it can be replaced.
 *
 * @throws {ConfigurationError} if a secret can't be read, or in production if the first secret could be guessed
 */
export function assertSecretsUsable(configuration: Configuration): void {
  assertSecretsReadable(configuration)
  const [place] = placeOf('secretKey', configuration.sources)
  for (const [at, secret] of secretsOf(configuration).entries()) {
    const problem = weakness(secret)
    if (problem === undefined) continue
    const text = `${at === 0 ? '' : `secret ${at + 1} of the list `}${problem}; ${SECRET_REMEDY}`
    const error = new ConfigurationError([{ place, text }])
    if (at === 0 && isProduction(configuration)) throw error
    warnProcessOnce(error.message, 'DYNAMO_SESSION_STORE_SECRET')
  }
}
