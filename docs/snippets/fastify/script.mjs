import { text } from 'node:stream/consumers'
import { store } from './session.js'

// The id comes from standard input, because arguments stay in the history of the shell.
const id = (await text(process.stdin)).trim()
// #region change
const session = await store.get(id)
if (session) {
  session.user = 'grace'
  await store.set(id, session)
}
// #endregion change
await store.close()
