/** The part of a Node response that tells when it is closed. */
interface Closing {
  readonly closed?: boolean
  readonly destroyed?: boolean
  once?(event: 'close', listener: () => void): unknown
}

/** Calls `work` when the response is closed, also after an aborted request. Calls it at once when that has happened. */
export function onClose(response: Closing | undefined, work: () => unknown): void {
  if (response?.closed || response?.destroyed) work()
  else response?.once?.('close', () => work())
}
