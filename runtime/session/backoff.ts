import { setTimeout } from 'node:timers/promises'

/** Milliseconds. */
const FIRST = 10

/**
 * Waits before another attempt: a random time ("full jitter") up to a bound that doubles with each attempt, as in the
 * AWS Architecture Blog's "Exponential Backoff And Jitter".
 *
 * @param attempt 0 for the first wait
 * @param longest upper bound, in milliseconds
 * @param first bound of the first wait, in milliseconds; at least 10
 * @param signal ends the wait at once, with an error
 */
export async function backOff(attempt: number, longest: number, first = FIRST, signal?: AbortSignal): Promise<void> {
  const bound = Math.min(longest, Math.max(FIRST, first) * 2 ** attempt)
  await setTimeout(Math.random() * bound, undefined, { signal })
}
