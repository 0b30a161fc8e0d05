import { assertSecretsReadable, type Configuration, isProduction } from '../../configuration/resolve.js'
import { SECRET_REMEDY, secretsOf, weakness } from '../../configuration/secrets.js'
import { ConfigurationError } from '../../errors.js'
import type { Finding } from './finding.js'

const check = 'secret_key'

/** The ENV name that the files of `session-store` read. */
const SESSION_SECRET = 'SESSION_SECRET'

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
  const secrets = secretsOf(configuration)
  const weak = secrets.flatMap((secret, at) => {
    const problem = weakness(secret)
    if (problem === undefined) return []
    // A store refuses such a secret.
    const level: Finding['level'] = at === 0 && isProduction(configuration) ? 'error' : 'warning'
    return [{ level, problem: secrets.length === 1 ? problem : `secret ${at + 1} of ${secrets.length} ${problem}` }]
  })
  const text = `set (${sources.secretKey})`
  if (weak.length === 0) yield { level: 'ok', check, text }
  const remedy = `${SECRET_REMEDY}; in a list, keep the old one last until its sessions have expired`
  for (const { level, problem } of weak) yield { level, check, text: `${text}, but ${problem}`, remedy }
}

/** The secret of the framework, which signs the cookie if `secret_key` is not set. */
function* frameworkSecret(secret: string | undefined): Generator<Finding> {
  const problem = secret ? weakness(secret) : undefined
  if (problem)
    yield { level: 'warning', check, text: `not set; ENV ${SESSION_SECRET} ${problem}`, remedy: SECRET_REMEDY }
  else yield { level: 'ok', check, text: 'not set; express-session signs with its own secret' }
}
