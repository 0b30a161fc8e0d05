import fc from 'fast-check'
import { expect } from 'vitest'
import { DynamoSessionError, messageOf } from '../../../runtime/errors.js'
import { debugText, fitForLine, fitForOutput, jsonForOutput, makeErrorFit } from '../../../runtime/fit-for-output.js'
import { expectFit, HOSTILE_LINE } from '../hostile.js'
import { anyJson, anyText } from './arbitraries.js'
import type { Properties } from './properties.js'

/** Foreign text, sometimes with secrets in its middle. */
const foreign = fc.tuple(anyText(), fc.constantFrom('', '', HOSTILE_LINE), anyText()).map((texts) => texts.join(' '))

/** What a program may throw. */
const thrown = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withTypedArray: true })

/** Foreign texts reach terminals and logs: none may steer the terminal, fake a line, or show a secret. */
export const OUTPUT = {
  'a text for a terminal has no control character and no secret': fc.property(foreign, (text) => {
    expectFit(fitForOutput(text))
  }),
  'a text inside a line stays in its line': fc.property(foreign, (text) => {
    const line = fitForLine(text)
    expectFit(line)
    expect(line).not.toMatch(/[\r\n\t]/)
  }),
  'a text is never longer than its limit': fc.property(foreign, fc.integer({ min: 40, max: 3000 }), (text, limit) => {
    expect(fitForOutput(text, limit).length).toBeLessThanOrEqual(limit)
    expect(fitForLine(text, limit).length).toBeLessThanOrEqual(limit)
  }),
  'a text that is fit already stays as it is': fc.property(foreign, (text) => {
    const fit = fitForLine(text)
    expect(fitForLine(fit)).toBe(fit)
  }),
  'JSON for a terminal is JSON, without control characters': fc.property(anyJson(), (value) => {
    const json = jsonForOutput(value)
    expectFit(json)
    expect(() => JSON.parse(json)).not.toThrow()
  }),
  'an error of any form is made fit, and stays the same object': fc.property(
    foreign,
    thrown,
    foreign,
    (message, member, code) => {
      const error = Object.assign(new Error(message, { cause: member }), { code, member })
      expect(makeErrorFit(error)).toBe(error)
      for (const text of [error.message, debugText(error)]) expectFit(text)
      expect(error.code.replace(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u)
    },
  ),
  'the message of an error of ours, with its causes, is fit': fc.property(foreign, foreign, (message, cause) => {
    expectFit(messageOf(new DynamoSessionError(message, { cause: new Error(cause) })))
  }),
  'any value that an application throws has a message': fc.property(thrown, (value) => {
    expectFit(messageOf(value))
    expectFit(debugText(value))
  }),
} satisfies Properties
