import { expect, it } from 'vitest'
import { Pace } from '../../../runtime/garbage-collection/pace.js'

const never = new AbortController().signal

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

it('lets requests pass as fast as the rate allows, those at the same time together', async () => {
  const pace = new Pace(100, never)
  const seconds = await secondsOf(() => Promise.all(Array.from({ length: 7 }, () => pace.take(10))))
  expect(seconds).toBeGreaterThan(0.58)
  expect(seconds).toBeLessThan(1.5)
})

it('makes up for what a request consumed more than estimated, and gives back what it consumed less', async () => {
  const pace = new Pace(100, never)
  await pace.take(1)
  pace.settle(1, 40)
  expect(await secondsOf(() => pace.take(50))).toBeGreaterThan(0.35)
  pace.settle(50, 5)
  expect(await secondsOf(() => pace.take(1))).toBeLessThan(0.2)
})

it('saves nothing up while nothing is sent', async () => {
  const pace = new Pace(100, never)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await pace.take(30)
  expect(await secondsOf(() => pace.take(1))).toBeGreaterThan(0.28)
})

it('does not wait without a rate', async () => {
  const pace = new Pace(undefined, never)
  await pace.take(1e9)
  expect(await secondsOf(() => pace.take(1))).toBeLessThan(0.1)
})

it('ends every wait when cleaning is stopped, and lets nothing pass then', async () => {
  const stop = new AbortController()
  const pace = new Pace(1, stop.signal)
  await pace.take(1000)
  const waiting = Promise.all([pace.take(1), pace.take(1)])
  setTimeout(() => stop.abort(), 50)
  expect(await secondsOf(async () => expect(await waiting).toEqual([false, false]))).toBeLessThan(1)
  expect(await pace.take(0)).toBe(false)
})
