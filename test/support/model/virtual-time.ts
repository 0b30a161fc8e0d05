import { promisify } from 'node:util'

type Sleep = (label: string) => Promise<void>

let sleep: Sleep | undefined

/** From now on `setTimeout` of `node:timers/promises` waits for `instead`, until the returned function is called. */
export function letSleep(instead: Sleep): () => void {
  sleep = instead
  return () => {
    sleep = undefined
  }
}

/**
 * Takes the place of `node:timers/promises`:
 *
 * ```ts
 * vi.mock('node:timers/promises', () => import('../support/model/virtual-time.js'))
 * ```
 */
export async function setTimeout(milliseconds?: number, value?: unknown): Promise<unknown> {
  await (sleep ? sleep('wakes up') : promisify(globalThis.setTimeout)(milliseconds))
  return value
}

export const setImmediate = promisify(globalThis.setImmediate)
