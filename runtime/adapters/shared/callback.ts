/** A Node callback. */
export type Callback<T> = (error: unknown, value?: T) => void

/**
 * Hands a result on exactly once: to the callback when there is one, else as the promise. The callback runs outside of
 * the promise. So an error that it throws is its own, and does not become a rejection that calls it again.
 */
export function toCallback<T>(promise: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (!callback) return promise
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, error),
  )
}
