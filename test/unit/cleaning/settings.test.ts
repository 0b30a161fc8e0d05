import { expect, it } from 'vitest'
import { checkSettings } from '../../../runtime/cleaning/settings.js'
import { collectGarbage } from '../../../runtime/index.js'

it.each([
  [{ segments: 0 }, 'segments: must be a whole number from 1 to 100, not 0'],
  [{ segments: 101 }, 'segments: must be a whole number from 1 to 100, not 101'],
  [{ segments: 1.5 }, 'segments: must be a whole number from 1 to 100, not 1.5'],
  [{ rate: 0 }, 'rate: must be capacity units a second, more than 0, not 0'],
  [{ rate: Number.NaN }, 'rate: must be capacity units a second, more than 0, not NaN'],
  [{ maxItems: 0 }, 'maxItems: must be a whole number, at least 1, not 0'],
  [{ maxSeconds: Number.POSITIVE_INFINITY }, 'maxSeconds: must be seconds, more than 0, not Infinity'],
])('collectGarbage refuses %j before any request', async (context, message) => {
  await expect(collectGarbage({ maxStale: 1 }, context)).rejects.toMatchObject({ name: 'ConfigurationError', message })
})

it('names all problems at once, as the caller typed them', () => {
  const typed = { segments: 'two', rate: '-1' }
  expect(() => checkSettings(typed, (name) => `--${name}`)).toThrow(
    /--segments: .* not "two"(.|\n)*--rate: .* not "-1"/,
  )
})

it('accepts values in range', () => {
  expect(() => checkSettings({ segments: 100, rate: 0.5, maxItems: 1, maxSeconds: 0.1 })).not.toThrow()
  expect(() => checkSettings({})).not.toThrow()
})
