import { afterEach, expect, it, vi } from 'vitest'
import { monotonic, wallClock } from '../../../runtime/async/clock.js'

const HOUR = 3_600_000

afterEach(() => void vi.useRealTimers())

it.each([3 * HOUR, -3 * HOUR])('follows the clock of the machine when that is set by %d ms', (step) => {
  const [wall, steady] = [wallClock(), monotonic()]
  vi.useFakeTimers({ toFake: ['Date'], now: wall + step })
  expect(wallClock() - wall).toBe(step)
  expect(monotonic() - steady).toBeLessThan(HOUR)
  expect(monotonic()).toBeGreaterThanOrEqual(steady)
})
