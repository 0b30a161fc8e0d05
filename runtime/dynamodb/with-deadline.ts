interface Limits {
  readonly milliseconds: number
  /** Makes the error for work that takes longer. */
  readonly tooLate: () => Error
  readonly abortSignal?: AbortSignal | undefined
}

/**
 * Runs `work` until it settles, the time is up, or the signal is aborted.
 *
 * @param work gets a signal that is aborted when the result is no longer awaited; it may ignore the signal
 */
export async function withDeadline<T>(
  { milliseconds, tooLate, abortSignal }: Limits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(abortSignal?.reason)
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(tooLate())
        controller.abort()
      }, milliseconds)
      controller.signal.addEventListener('abort', () => reject(aborted(controller.signal)), { once: true })
      if (abortSignal?.aborted) abort()
      else abortSignal?.addEventListener('abort', abort, { once: true })
      Promise.resolve(work(controller.signal)).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    abortSignal?.removeEventListener('abort', abort)
  }
}

/** The SDK's error for a request that was aborted. */
export function aborted({ reason }: AbortSignal): Error {
  const text = reason && !(reason instanceof Error) ? String(reason) : 'Request aborted'
  const error = new Error(text, reason instanceof Error ? { cause: reason } : undefined)
  return Object.assign(error, { name: 'AbortError' })
}
