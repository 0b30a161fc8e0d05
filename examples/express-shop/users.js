import { isPassword } from './passwords.js'

/** A real shop keeps its users in a database. Each hash was made by: node hash-password.mjs */
const users = [
  { id: 'ada', hash: 'htv6u9N3RZyZ3Rzc07nSGw==:MoyHcairdOWb0BiP046YJVUstGYz/lEp1gkVjEwdPOU=' }, // milk in first
  { id: 'grace', hash: '0P9eUZwiR/Kz+RcBrrOoBg==:MS6GwK2u0GxDWHsAUMpoG7+3lUlFXGLmFecdBopoxzU=' }, // two lumps please
]

/** The hash of a password that nobody has. It makes an unknown name take as long as a wrong password. */
const NOBODY = 'GwlUMzoXsdi2pVAcL36QHg==:pjsM66lnDHziYbVL/1Hacyv3bGaR5iTt4GYc/clQ6Xs='

/** The user, or undefined if there is no user of this name with this password. */
export async function authenticate(id, password) {
  const user = users.find((candidate) => candidate.id === id)
  const correct = await isPassword(password, user?.hash ?? NOBODY)
  return correct ? user : undefined
}
