import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { writeFiles } from '../../../../generators/files/write.js'
import { planConfig as plan } from '../../../../generators/session-config/plan.js'
import { definitionOf, envName, YAML_OPTION_NAMES, yamlName } from '../../../../runtime/configuration/option-table.js'
import { defaultText, typeText } from '../../../../runtime/configuration/option-text.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { application } from '../application.js'
import { single } from '../single.js'

const planConfig = (input: Parameters<typeof plan>[0]) => single(plan(input))

describe('the configuration file', () => {
  const root = '/absent'
  const { path, text } = planConfig({ root })

  it('is for all environments, or for one', () => {
    expect(path).toBe('/absent/config/dynamo_session_store.yml')
    expect(planConfig({ root, environment: ' production ' }).path).toBe(
      '/absent/config/dynamo_session_store/production.yml',
    )
  })

  it('sets only max_stale, to 14 days, so that no session lives for ever by accident', () => {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines).toEqual(['max_stale: 1209600 # 14 days'])
    expect(parse(text)).toEqual({ max_stale: 14 * 24 * 3600 })
  })

  it.each(YAML_OPTION_NAMES)('describes %s: text, type, unit, default and ENV name', (name) => {
    const [before = ''] = text.split(new RegExp(`\\n#?${yamlName(name)}: `))
    const [words, facts] = before.split('\n').slice(-2)
    expect(words).toBe(`# ${definitionOf(name).text}`)
    expect(facts).toContain(`# ${typeText(name)}; default: ${defaultText(name)}`)
    expect(facts).toContain(envName(name))
    const { unit } = definitionOf(name)
    if (unit) expect(facts).toContain(unit)
  })

  it('has each option once, and no other line that looks like an option', () => {
    const options = text.split('\n').flatMap((line) => /^#?([a-z]\w*):/.exec(line)?.[1] ?? [])
    expect(options).toEqual(YAML_OPTION_NAMES.map(yamlName))
  })

  it('explains the sources of values, and which file is read for which environment', () => {
    expect(text).toContain('options in code, the ENV name given below, this file, the default')
    const production = planConfig({ root, environment: 'production' }).text
    expect(production).toContain('"production";\n# config/dynamo_session_store.yml is not read then.')
    expect(planConfig({ root, environment: 'development' }).text).toContain('or neither is set')
  })

  it('names the next command, and the general file that is no longer read', () => {
    expect(planConfig({ root, environment: 'production' })).toMatchObject({
      next: 'npx plop session-migration',
      notices: [],
    })
    const { root: withGeneral } = application({ 'config/dynamo_session_store.yml': '', 'yarn.lock': '' })
    expect(planConfig({ root: withGeneral, environment: 'production' })).toMatchObject({
      next: 'yarn plop session-migration',
      notices: [expect.stringContaining('config/dynamo_session_store.yml is not')],
    })
  })

  it.each(['a/b', 'a\\b', '../x', '..', '.', 'a..b', 'a\u0000b', 'a\nb', '-x', '!', 'x'.repeat(300)])(
    'refuses the environment %j',
    (environment) => {
      expect(() => planConfig({ root, environment })).toThrow('environment')
    },
  )
})

describe('the reference to the JSON Schema', () => {
  const schemaLine = (files: Record<string, string>, environment = '', folder = '') =>
    planConfig({ root: join(application(files).root, folder), environment }).text.split('\n')[0]
  const PREFIX = '# yaml-language-server: $schema='

  it('leads from the file to the installed package', () => {
    expect(schemaLine({})).toBe(`${PREFIX}../node_modules/dynamo-session-store/dist/config.schema.json`)
    expect(schemaLine({}, 'test')).toBe(`${PREFIX}../../node_modules/dynamo-session-store/dist/config.schema.json`)
  })

  it('leads to the package where a monorepo has it', () => {
    const files = { 'node_modules/dynamo-session-store/dist/config.schema.json': '{}' }
    const line = schemaLine(files, '', 'packages/web')
    expect(line).toBe(`${PREFIX}../../../node_modules/dynamo-session-store/dist/config.schema.json`)
  })

  it("leads to this repository's own in a clone of it", () => {
    const files = { 'package.json': '{"name":"dynamo-session-store"}', 'dist/config.schema.json': '{}' }
    expect(schemaLine(files)).toBe(`${PREFIX}../dist/config.schema.json`)
  })
})

describe('the configuration file with every option uncommented', () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-config-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = planConfig({ root: folder })
  writeFiles([{ ...file, text: file.text.replace(/^#(?=[a-z_]+:)/gm, '') }])
  const written = resolveConfiguration({ root: folder }, {})
  const defaults = resolveConfiguration({ root: join(folder, 'empty') }, {})

  it.each(YAML_OPTION_NAMES.filter((name) => name !== 'maxStale'))('means the default of %s', (name) => {
    expect(written[name]).toEqual(defaults[name])
    const { default: value, secret } = definitionOf(name)
    const hasDefault = value !== undefined && !secret
    expect(written.sources[name]).toMatch(hasDefault ? /^config\/dynamo_session_store\.yml:\d+$/ : /^default$/)
  })

  it('is the file that was read, without a warning', () => {
    expect(written.file).toBe('config/dynamo_session_store.yml')
    expect(written.warnings).toEqual([])
    expect(written.deferredProblems).toEqual([])
  })
})
