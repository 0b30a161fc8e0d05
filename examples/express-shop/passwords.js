import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** As OWASP's Password Storage Cheat Sheet advises. A hash takes 128 MiB, more than Node allows by itself: 32 MiB. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 }
const LENGTH = 32

/** Works on a thread of its own, so that the server goes on serving other requests. */
const derive = (password, salt) =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, LENGTH, COST, (error, key) => (error ? reject(error) : resolve(key)))
  })

export async function hashPassword(password) {
  const salt = randomBytes(16)
  const key = await derive(password, salt)
  return `${salt.toString('base64')}:${key.toString('base64')}`
}

export async function isPassword(password, hash) {
  const [salt, key] = hash.split(':').map((text) => Buffer.from(text, 'base64'))
  return timingSafeEqual(await derive(password, salt), key)
}
