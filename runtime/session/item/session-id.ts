import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Configuration } from '../../configuration/resolve.js'
import { secretsOf } from '../../configuration/secrets.js'
import { MissingSecretKeyError } from '../../errors.js'
import { hashIn, isPossibleKey, type KeyPrefix } from './session-key.js'

/** How many bytes of a SHA-256 name a session. */
const HASH_BYTES = 8

/**
 * First 16 hex digits of the id's SHA-256. They name a session in logs and errors without its secret id.
 *
 * @param id a session id; or a stored key with its hash, for which the digits are the same
 */
export function hashSessionId(id: string): string {
  const stored = hashIn(id)
  const hex = stored === undefined ? hash('sha256', id) : Buffer.from(stored, 'base64url').toString('hex')
  return hex.slice(0, 2 * HASH_BYTES)
}

type Signing = Pick<Configuration, 'secretKey' | 'sessionIdDigest'>

/** As many random bytes as the Ruby gem uses. They are written in hex. */
const RANDOM_BYTES = 32

const SIGNED = { sha256: /^([0-9a-f]{64})--([0-9a-f]{64})$/, md5: /^([0-9a-f]{32})--([0-9a-f]{64})$/ }

/**
 * A new signed id: `<hex HMAC>--<hex of 32 random bytes>`, signed with the first secret.
 *
 * @throws {MissingSecretKeyError} without `secret_key`
 */
export function makeSessionId(signing: Signing): string {
  const [secret] = secretsOf(signing)
  if (secret === undefined) {
    throw new MissingSecretKeyError(
      'Signed session ids need a secret: set the option secretKey, ENV AWS_DYNAMO_DB_SESSION_SECRET_KEY or SECRET_KEY_BASE.',
    )
  }
  const id = randomBytes(RANDOM_BYTES).toString('hex')
  return `${digest(signing, secret, id)}--${id}`
}

/** A new id for adapters that make ids themselves: signed if `secret_key` is set, else only random. */
export function newSessionId(signing: Signing): string {
  return signing.secretKey === undefined ? randomBytes(RANDOM_BYTES).toString('hex') : makeSessionId(signing)
}

/** Whether one of the secrets signed the id. The time of the comparison tells nothing about the digest. */
export function isSignedSessionId(id: string, signing: Signing): boolean {
  const [, given, sid] = SIGNED[signing.sessionIdDigest].exec(id) ?? []
  if (given === undefined || sid === undefined) return false
  const results = secretsOf(signing).map((secret) =>
    timingSafeEqual(Buffer.from(digest(signing, secret, sid)), Buffer.from(given)),
  )
  return results.includes(true)
}

/**
 * Whether an id can belong to a session, for adapters whose ids a framework makes. The id has to fit into a key. If it
 * has the form of a signed id, its signature has to be right.
 */
export function isPossibleSessionId(id: string, signing: Signing & KeyPrefix): boolean {
  if (!isPossibleKey(id, signing)) return false
  const looksSigned = /^([0-9a-f]{32}|[0-9a-f]{64})--/i.test(id)
  return !looksSigned || secretsOf(signing).length === 0 || isSignedSessionId(id, signing)
}

function digest({ sessionIdDigest }: Signing, secret: string, sid: string): string {
  return createHmac(sessionIdDigest, secret).update(sid).digest('hex')
}
