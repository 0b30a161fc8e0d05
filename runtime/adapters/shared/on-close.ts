/** What a response of Node has of it. */
interface Closing {
  readonly closed?: boolean
  readonly destroyed?: boolean
  once?(event: 'close', listener: () => void): unknown
}

/** Does something when the response is over, however it ends: at once when it is over already. */
export function onClose(response: Closing | undefined, work: () => unknown): void {
  if (response?.closed || response?.destroyed) work()
  else response?.once?.('close', () => work())
}
