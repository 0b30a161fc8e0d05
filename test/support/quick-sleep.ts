import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished, vi } from 'vitest'

type Sleep = typeof wait

/** Milliseconds. */
const LONGEST = 10

/** How long the code under test wanted to wait, in the order of the waits, since {@link recordWaits}. Milliseconds. */
let waits: number[] = []

const briefly: Sleep = (milliseconds = 0, ...rest) => wait(Math.min(milliseconds, LONGEST), ...rest)
let current = briefly

/**
 * Stands in for runtime/async/sleep.ts (see vitest.config.ts): tests wait 10 ms at most, and may look at what the code
 * under test asked for.
 */
export const sleep: Sleep = (milliseconds = 0, ...rest) => {
  waits.push(milliseconds)
  return current(milliseconds, ...rest)
}

/** The waits from now on. */
export function recordWaits(): readonly number[] {
  waits = []
  return waits
}

/** During this test, waits with a signal end only when that is aborted. */
export function sleepUntilAborted(): void {
  during((milliseconds, value, options) =>
    options?.signal ? wait(2 ** 31 - 1, value, options) : briefly(milliseconds, value, options),
  )
}

/**
 * During this test, time jumps to the end of each wait: for code that looks at the clock before and after it.
 *
 * @param now what moves the clock as well; default: time itself
 */
export function skipWaits(now: () => number = performance.now.bind(performance)): void {
  let skipped = 0
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + skipped)
  onTestFinished(() => spy.mockRestore())
  during(async (milliseconds = 0, value, options) => {
    const end = performance.now() + milliseconds
    await wait(0, undefined, options)
    skipped = Math.max(skipped, end - now())
    return value as never
  })
}

function during(sleep: Sleep): void {
  current = sleep
  onTestFinished(() => {
    current = briefly
  })
}
