import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** @type {(password: string, salt: Buffer, bytes: number, cost: import('node:crypto').ScryptOptions) => Promise<Buffer>} */
const derive = promisify(scrypt)

/** OWASP's minimum for scrypt. One call needs 128 MiB, which is more than Node allows by default. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 }

/** The users, and the hashes of their passwords. A real application keeps both in a database. */
const users = new Map([['ada', await hash('correct horse battery staple')]])

/** Takes as long for an unknown user as for a wrong password. So the time does not tell which users exist. */
const nobody = await hash(randomBytes(16).toString('hex'))

/**
 * Whether there is such a user with this password.
 *
 * @param {string} user
 * @param {string} password
 */
export async function isPassword(user, password) {
  const stored = users.get(user) ?? nobody
  const key = await derive(password.normalize(), stored.salt, stored.key.length, COST)
  return timingSafeEqual(key, stored.key) && users.has(user)
}

/** @param {string} password */
async function hash(password) {
  const salt = randomBytes(16)
  return { salt, key: await derive(password.normalize(), salt, 32, COST) }
}
