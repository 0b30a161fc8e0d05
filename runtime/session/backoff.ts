import { setTimeout } from 'node:timers/promises'

/** Milliseconds. */
const FIRST = 10

/**
 * Waits before another attempt. Tests do not shorten this wait: it must be long beside a request, so that those who met at
 * a session do not meet again.
 *
 * @param attempt 0 for the first wait
 * @param longest upper bound, in milliseconds
 * @param first bound of the first wait, in milliseconds; at least 10
 */
export async function backOff(attempt: number, longest: number, first?: number): Promise<void> {
  await setTimeout(jitter(attempt, longest, first))
}

/**
 * Milliseconds to wait before another attempt: a random time ("full jitter") up to a bound that doubles with each attempt,
 * as in the AWS Architecture Blog's "Exponential Backoff And Jitter". Parameters as those of {@link backOff}.
 */
export function jitter(attempt: number, longest: number, first = FIRST): number {
  return Math.random() * Math.min(longest, Math.max(FIRST, first) * 2 ** attempt)
}
