import { resolve, sep } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { singleQuoted } from '../../../generators/files/single-quoted.js'
import { planConfig } from '../../../generators/session-config/plan.js'
import { objectLiteral } from '../../../generators/session-migration/literal.js'
import { migrationName, nextStamp } from '../../../generators/session-migration/name.js'
import { checkValue } from '../../../runtime/configuration/check-value.js'
import { configurationPath, environmentProblem } from '../../../runtime/configuration/option-table.js'
import { plainTableName, tableArn } from '../../../runtime/configuration/table-arn.js'
import { anyData, anyText } from './arbitraries.js'
import type { Properties } from './properties.js'

const ROOT = resolve('/application')
const isInside = (path: string, folder: string) => path.startsWith(folder + sep)

/** Names become paths, keys and code: none may leave its place. */
export const NAMES = {
  'the name of a migration is a word of a-z, digits and "_", or is refused': fc.property(anyText(250), (text) => {
    const made = migrationName(text)
    if ('problem' in made) expect(made.problem).not.toMatch(/[\r\n]/)
    else expect(made.name).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/)
  }),
  'the name of a migration stays as it is when it is given again': fc.property(anyText(), (text) => {
    const made = migrationName(text)
    if ('name' in made) expect(migrationName(made.name)).toEqual(made)
  }),
  'the stamp of a migration sorts after all others, or is refused': fc.property(
    fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
    fc.integer({ min: 0, max: 99_999_999_999_999 }).map((number) => String(number).padStart(14, '0')),
    (now, newest) => {
      const next = attempt(() => nextStamp(now, newest))
      if (next === undefined) return
      expect(next).toMatch(/^\d{14}$/)
      expect(next > newest).toBe(true)
    },
  ),
  'the file of an environment is in the folder of the files of environments': fc.property(anyText(), (environment) => {
    if (environmentProblem(environment) !== undefined) return
    const folder = resolve(ROOT, 'config/dynamo_session_store')
    expect(isInside(resolve(ROOT, configurationPath(environment)), folder)).toBe(true)
  }),
  'the generator of the configuration writes below the folder of the application, or refuses': fc.property(
    anyText(),
    (environment) => {
      const plan = attempt(() => planConfig({ root: ROOT, environment }))
      for (const { path } of plan?.files ?? []) expect(isInside(path, resolve(ROOT, 'config'))).toBe(true)
    },
  ),
  'the name of a table has no character that a path, a URL or ARN uses': fc.property(
    fc.oneof(anyText(), fc.stringMatching(/^[A-Za-z0-9_.-]{3,20}$/)),
    (text) => {
      if ('problem' in checkValue('tableName', text)) return
      expect(plainTableName(text)).toMatch(/^[A-Za-z0-9_.-]{3,255}$/)
      if (tableArn(text) === undefined) expect(plainTableName(text)).toBe(text)
    },
  ),
  'a key prefix ends in a colon, and has no space or control character': fc.property(
    fc.oneof(
      anyText(),
      anyText().map((text) => `${text}:`),
    ),
    (text) => {
      if ('value' in checkValue('keyPrefix', text)) expect(text).toMatch(/^[^\s\p{Cc}]+:$/u)
    },
  ),
  'a text in generated code is the same text when the code runs': fc.property(anyText(), (text) => {
    expect(run(singleQuoted(text))).toBe(text)
  }),
  'options in generated code are the same options when the code runs': fc.property(anyData(), (data) => {
    const made = run(objectLiteral(data)) as object
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect(JSON.stringify(made)).toBe(JSON.stringify(data))
  }),
} satisfies Properties

function run(code: string): unknown {
  return new Function(`return (${code})`)()
}

/** The result; undefined where the input was refused with an error of this package. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    expect(error).toHaveProperty('name', 'GeneratorError')
    return undefined
  }
}
