import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { RateLimit } from '../../../runtime/cleaning/rate-limit.js'
import { sleep as pause, skipWaits, sleepUntilAborted } from '../../support/quick-sleep.js'

/** Only waits take time. */
const standing = () => 5000
const never = new AbortController().signal

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

it('sends simultaneous requests together as fast as the rate allows', async () => {
  skipWaits(standing)
  const pace = new RateLimit(100, never)
  const seconds = await secondsOf(() => Promise.all(Array.from({ length: 7 }, () => pace.take(10))))
  expect(seconds).toBeCloseTo(0.6)
})

it('corrects an estimate by the consumption, in both directions', async () => {
  skipWaits(standing)
  const pace = new RateLimit(100, never)
  await pace.take(1)
  pace.settle(1, 40)
  expect(await secondsOf(() => pace.take(50))).toBeCloseTo(0.4)
  pace.settle(50, 5)
  expect(await secondsOf(() => pace.take(1))).toBeCloseTo(0.05)
})

it('allows no burst after a quiet time', async () => {
  skipWaits(standing)
  const pace = new RateLimit(100, never)
  await pause(300)
  await pace.take(30)
  expect(await secondsOf(() => pace.take(1))).toBeCloseTo(0.3)
})

it('does not wait without a rate', async () => {
  skipWaits(standing)
  const pace = new RateLimit(undefined, never)
  await pace.take(1e9)
  expect(await secondsOf(() => pace.take(1))).toBe(0)
})

it('ends every wait when cleaning is stopped, and sends nothing then', async () => {
  sleepUntilAborted()
  const stop = new AbortController()
  const pace = new RateLimit(1, stop.signal)
  await pace.take(1000)
  const waiting = Promise.all([pace.take(1), pace.take(1)])
  await sleep(0)
  stop.abort()
  expect(await waiting).toEqual([false, false])
  expect(await pace.take(0)).toBe(false)
})
