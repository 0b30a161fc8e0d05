import { expect, it } from 'vitest'
import { ClockGuard } from '../../../runtime/cleaning/clock-guard.js'
import type { ClockStatus, ServerClock } from '../../../runtime/dynamodb/server-clock.js'

/** A guard whose requests give these states of the clock. The last one is repeated. */
function guardOf(answers: readonly ClockStatus[], { trusted = false, isSilent = false } = {}) {
  const clock = { status: 'unknown' as ClockStatus, steps: 0, isSilent, offset: -7_200_000 }
  let asked = 0
  const ask = async () => {
    await new Promise(setImmediate)
    clock.status = answers[Math.min(asked, answers.length - 1)] ?? 'unknown'
    asked += 1
  }
  const guard = new ClockGuard(clock as unknown as ServerClock, ask, { trusted })
  return { guard, clock, asked: () => asked }
}

it('sends requests until the clock is confirmed, once for all callers', async () => {
  const { guard, asked } = guardOf(['unknown', 'right'])
  await Promise.all([guard.now(), guard.now(), guard.now()])
  await guard.now()
  expect(asked()).toBe(2)
})

it('sends requests until the clock proves wrong, and throws', async () => {
  const { guard, asked } = guardOf(['unknown', 'wrong'])
  await expect(guard.now()).rejects.toMatchObject({ name: 'WrongClockError', offset: -7_200_000 })
  await expect(guard.now()).rejects.toThrow("This machine's clock is 2 h ahead of DynamoDB's")
  expect(asked()).toBe(2)
})

it('trusts the clock after three slow responses, and sends again when it was set', async () => {
  const { guard, clock, asked } = guardOf(['unknown'])
  expect(await guard.now()).toBeCloseTo(Date.now(), -3)
  await guard.now()
  expect(asked()).toBe(3)
  clock.steps += 1
  await guard.now()
  expect(asked()).toBe(6)
})

it.each([{ isSilent: true }, { trusted: true }])('sends nothing with %j', async (how) => {
  const { guard, asked } = guardOf(['wrong'], how)
  await guard.now()
  expect(asked()).toBe(0)
})
