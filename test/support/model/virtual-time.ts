import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

type SetTimeout = typeof timers.setTimeout

/**
 * From now on whoever waits by `setTimeout` of `node:timers/promises` waits for `sleep` instead. It is exchanged where Node
 * keeps it, not by a mock of the module: test files share a process, in which that has been imported long since.
 *
 * @returns ends that
 */
export function letSleep(sleep: () => Promise<void>): () => void {
  const { setTimeout } = timers
  const instead: SetTimeout = async (_milliseconds, value) => {
    await sleep()
    return value as never
  }
  exchange(instead)
  return () => exchange(setTimeout)
}

function exchange(setTimeout: SetTimeout): void {
  timers.setTimeout = setTimeout
  syncBuiltinESMExports()
}
