import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import { checkValue, parseText } from '../../../runtime/configuration/check-value.js'
import { readEnvironment } from '../../../runtime/configuration/env-origin.js'
import { interpolate } from '../../../runtime/configuration/interpolation.js'
import {
  definitionOf,
  ENV_OPTION_NAMES,
  envName,
  OPTION_NAMES,
  YAML_OPTION_NAMES,
  yamlName,
} from '../../../runtime/configuration/option-table.js'
import type { Options } from '../../../runtime/configuration/options.js'
import type { Origin } from '../../../runtime/configuration/origin.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { readYaml } from '../../../runtime/configuration/yaml-origin.js'
import { ConfigurationError } from '../../../runtime/errors.js'
import { anyJson, anyText } from './arbitraries.js'
import type { Properties } from './properties.js'

const SECRET = 'the plain words of a secret key'

/** Parts of YAML that are dangerous elsewhere: anchors, aliases, merge keys, tags, several documents, depth. */
const yamlPart = fc.oneof(
  anyText(20),
  fc.constantFrom(...YAML_OPTION_NAMES.map(yamlName)),
  fc.constantFrom(
    ': ',
    ':',
    '\n',
    '\n  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '# ',
    '? ',
    '|\n',
    '>-\n',
    '%YAML 1.1\n',
  ),
  fc.constantFrom(
    '&a ',
    '*a',
    '<<: *a\n',
    '---\n',
    '...\n',
    '!!js/function ',
    '!!binary ',
    '!!set ',
    '!!timestamp ',
    '!x ',
  ),
  fc.constantFrom(
    '__proto__: ',
    'constructor: ',
    '{__proto__: {x: 1}}',
    '2001-01-01',
    '0x1f',
    '1_000',
    '~',
    '.inf',
    'yes',
  ),
  fc.constantFrom('${GIVEN}', '${NONE}', '${NONE:-x}', '${', '$$', '<%= x %>'),
)
const anyYaml = fc.oneof(
  anyText(200),
  fc.array(yamlPart, { maxLength: 30 }).map((parts) => parts.join('')),
  fc
    .array(fc.tuple(fc.constantFrom(...YAML_OPTION_NAMES.map(yamlName)), yamlPart, yamlPart), { maxLength: 6 })
    .map((lines) => lines.map(([name, one, two]) => `${name}: ${one}${two}`).join('\n')),
)

/** Values of options in code: valid ones by chance, of other types, and nonsense. */
const anyValue = fc.oneof(anyText(), anyJson(), fc.anything({ withBigInt: true, withNullPrototype: true }))

/** Configuration files, ENV and options are written by people and by deployment tools. */
export const CONFIGURATION = {
  'any text of a configuration file is read, or its problems are reported, each in one line': fc.property(
    anyYaml,
    (text) => {
      const found = readYaml(text, 'config/x.yml', { GIVEN: 'given' })
      expectSafe(found)
      expectSafe({ ...found, problems: found.deferred })
      for (const { value } of found.values.values()) {
        if (typeof value === 'object' && value !== null) expect([Object, Array]).toContain(value.constructor)
      }
    },
  ),
  'a secret in a broken file is never quoted': fc.property(
    fc.array(yamlPart, { maxLength: 3 }),
    fc.array(yamlPart, { maxLength: 3 }),
    fc.constantFrom('', '\ntable_name: x', '\ntable_name: [', '\n---\n'),
    fc.constantFrom(...YAML_OPTION_NAMES.filter((name) => definitionOf(name).secret)),
    (before, after, end, name) => {
      const oneLine = (parts: readonly string[]) => parts.join('').replace(/[\r\n]/g, ' ')
      const text = `region: x\n${yamlName(name)}: ${oneLine(before)}${SECRET}${oneLine(after)}${end}`
      const found = readYaml(text, 'config/x.yml', {})
      for (const { text } of [...found.problems, ...found.deferred]) expect(text).not.toContain('words of a secret')
      expect(found.warnings.join()).not.toContain('words of a secret')
    },
  ),
  'any environment variables are read, or their problems are reported, each in one line': fc.property(
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(...ENV_OPTION_NAMES.map(envName)),
        anyText(10).map((text) => `AWS_DYNAMO_DB_SESSION_${text}`),
        anyText(10),
      ),
      anyText(),
      { maxKeys: 8 },
    ),
    (env) => expectSafe(readEnvironment(env)),
  ),
  'any options in code make a configuration, or are refused with a typed error': fc.property(
    fc.dictionary(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...OPTION_NAMES) }, anyText(10)), anyValue, {
      maxKeys: 3,
    }),
    (options) => {
      try {
        const configuration = resolveConfiguration(
          { root: '/nowhere', configFile: undefined, ...options, secretKey: SECRET } as Options,
          {},
        )
        expect(inspect(configuration) + JSON.stringify(configuration)).not.toContain(SECRET)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError)
        expect((error as Error).message).not.toContain(SECRET)
      }
    },
  ),
  'each option accepts or refuses any text and any value': fc.property(
    fc.constantFrom(...OPTION_NAMES),
    anyText(),
    anyValue,
    (name, text, value) => {
      for (const checked of [parseText(name, text), checkValue(name, value)]) {
        expect('problem' in checked || 'value' in checked).toBe(true)
      }
    },
  ),
  'only variables that a text names are filled in': fc.property(
    fc.array(fc.oneof(anyText(10), fc.constantFrom('${', '}', '$', '$$', '${GIVEN}', '${GIVEN:-x}', '${OTHER:-y}')), {
      maxLength: 6,
    }),
    (parts) => {
      const text = parts.join('')
      const filled = interpolate(text, { GIVEN: 'given', UNNAMED: SECRET })
      if ('text' in filled) {
        if (!text.includes('UNNAMED')) expect(filled.text).not.toContain(SECRET)
        expect(filled.changed || filled.text === text).toBe(true)
      } else expect(filled.problem).not.toContain(SECRET)
    },
  ),
} satisfies Properties

function expectSafe({ values, problems, warnings }: Pick<Origin, 'values' | 'problems' | 'warnings'>): void {
  for (const name of values.keys()) expect(OPTION_NAMES).toContain(name)
  const { problems: told } = new ConfigurationError(problems)
  for (const text of told.flatMap(({ place, text }) => [place, text])) {
    expect(text).not.toContain(SECRET)
    expect(text).not.toMatch(/[\r\n]/)
  }
  for (const warning of warnings) expect(warning).not.toContain(SECRET)
}
