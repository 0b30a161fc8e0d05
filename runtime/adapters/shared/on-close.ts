/** The part of a Node response that shows whether the response is closed. */
interface Closing {
  readonly closed?: boolean
  readonly destroyed?: boolean
  once?(event: 'close', listener: () => void): unknown
}

/**
 * Calls `work` when the response closes, also after an aborted request. Calls `work` at once if the response is closed.
 */
export function onClose(response: Closing | undefined, work: () => unknown): void {
  if (response?.closed || response?.destroyed) work()
  else response?.once?.('close', () => work())
}
