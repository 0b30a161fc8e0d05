import { DynamoSessionStore } from 'dynamo-session-store/express'

export const store = new DynamoSessionStore()

// #region listen
store.on('conflict', ({ keys, sessionIdHash }) => {
  console.warn(`session ${sessionIdHash}: overwrote another request's change of ${keys.join(', ')}`)
})
// #endregion listen
