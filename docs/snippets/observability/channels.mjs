import { subscribe, tracingChannel } from 'node:diagnostics_channel'

tracingChannel('dynamo-session-store:load').subscribe({
  asyncEnd({ adapter, outcome, sessionIdHash, attempts, consumedCapacity }) {
    console.log(adapter, outcome, sessionIdHash, attempts, consumedCapacity)
  },
})
subscribe('dynamo-session-store:unread', ({ sessionIdHash, error }) => {
  console.warn(sessionIdHash, error.name)
})
