import { setTimeout } from 'node:timers/promises'

/** Milliseconds. */
const FIRST = 10

/**
 * Waits before another attempt. Tests do not shorten this wait: the wait must be long beside a request, so that
 * requests that met at a session do not meet again.
 *
 * @param attempt 0 for the first wait
 * @param longest upper bound, in milliseconds
 * @param first bound of the first wait, in milliseconds; at least 10
 */
export async function backOff(attempt: number, longest: number, first?: number): Promise<void> {
  await setTimeout(jitter(attempt, longest, first))
}

/**
 * Milliseconds to wait before another attempt: a random time ("full jitter") up to a bound that doubles with each attempt.
 * The AWS Architecture Blog explains why: "Exponential Backoff And Jitter". For parameters see {@link backOff}.
 */
export function jitter(attempt: number, longest: number, first = FIRST): number {
  return Math.random() * Math.min(longest, Math.max(FIRST, first) * 2 ** attempt)
}
