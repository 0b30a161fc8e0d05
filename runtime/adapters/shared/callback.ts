/** A Node callback. */
export type Answer<T> = (error: unknown, value?: T) => void

/**
 * Hands a result on exactly once: to the callback when there is one, else as the promise. The callback is called
 * outside of the promise, so that what it throws is its own and not a rejection that calls it again.
 */
export function answer<T>(promise: Promise<T>, callback: Answer<T> | undefined): Promise<T> | undefined {
  if (!callback) return promise
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, error),
  )
}
