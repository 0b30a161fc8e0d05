import { setTimeout } from 'node:timers/promises'

/** Milliseconds. */
const FIRST = 10

/**
 * Waits before another attempt. Tests do not shorten this wait: it must be long compared with a request. Otherwise two
 * conflicting requests would meet again.
 *
 * @param attempt 0 for the first wait
 * @param longest upper limit of every wait, in milliseconds
 * @param first upper limit of the first wait, in milliseconds; at least 10
 */
export async function backOff(attempt: number, longest: number, first?: number): Promise<void> {
  await setTimeout(jitter(attempt, longest, first))
}

/**
 * A random wait before another attempt, in milliseconds ("full jitter"). Its upper limit doubles with each attempt. See
 * "Exponential Backoff And Jitter" in the AWS Architecture Blog. {@link backOff} describes the parameters.
 */
export function jitter(attempt: number, longest: number, first = FIRST): number {
  return Math.random() * Math.min(longest, Math.max(FIRST, first) * 2 ** attempt)
}
