import { createHash } from 'node:crypto'

/** First 16 hex digits of the id's SHA-256: names a session in logs and errors without giving its id away. */
export function hashSessionId(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}
