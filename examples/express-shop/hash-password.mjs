// node hash-password.mjs: reads a password from standard input, and prints the hash for users.js.
import { text } from 'node:stream/consumers'
import { hashPassword } from './passwords.js'

console.log(await hashPassword((await text(process.stdin)).trimEnd()))
