import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished, vi } from 'vitest'
import type { LockRecord, LockStore } from '../../runtime/migrations/storage/lock.js'

/** Time as holders of migration locks see it. */
export interface LeaseTime {
  /** Moves the clock, and lets holders renew. Milliseconds. */
  pass(milliseconds: number): void
}

/** Stops the clock for this test, and takes over the timers of locks with this lease. */
export function leaseTime(lease: number): LeaseTime {
  let now = performance.now()
  const timers = new Map<object, { callback: () => void; due: number }>()
  const { setInterval: every, clearInterval: stop } = globalThis
  const spies = [
    vi.spyOn(performance, 'now').mockImplementation(() => now),
    vi.spyOn(globalThis, 'setInterval').mockImplementation(((callback: () => void, milliseconds: number) => {
      if (milliseconds !== lease / 3) return every(callback, milliseconds)
      const timer = { unref: () => {} }
      timers.set(timer, { callback, due: now + milliseconds })
      return timer
    }) as never),
    vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
      if (!timers.delete(timer as object)) stop(timer)
    }),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  return {
    pass(milliseconds) {
      now += milliseconds
      for (const timer of timers.values()) {
        if (timer.due > now) continue
        timer.due += lease / 3
        timer.callback()
      }
    },
  }
}

/** Waits until the lock is renewed. */
export async function renewed(lock: LockStore, since: LockRecord | undefined): Promise<LockRecord | undefined> {
  for (;;) {
    const record = await lock.read()
    if (record?.version !== since?.version) return record
    await sleep(5)
  }
}
