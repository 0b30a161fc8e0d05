/** A Node callback. */
export type Callback<T> = (error: unknown, value?: T) => void

/**
 * Passes a result on exactly once: to the callback if there is one, else as the promise. The callback runs outside of
 * the promise. So if the callback throws, the promise does not reject, and the callback is not called again.
 */
export function toCallback<T>(promise: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (!callback) return promise
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, error),
  )
}
