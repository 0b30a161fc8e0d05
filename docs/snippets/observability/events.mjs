import { DynamoSessionStore } from 'dynamo-session-store/express'

export const store = new DynamoSessionStore()

// #region events
store.on('expired', ({ sessionIdHash }) => audit('a session has expired', sessionIdHash))
store.on('update', ({ sessionIdHash, previousSessionIdHash }) => {
  if (previousSessionIdHash) audit('a session got another id', previousSessionIdHash, sessionIdHash)
})
// #endregion events

function audit(...texts) {
  console.log(...texts)
}
