import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  configurationPath,
  definitionOf,
  ENV_OPTION_NAMES,
  environmentProblem,
  envName,
  YAML_OPTION_NAMES,
  yamlName,
} from '../../runtime/configuration/option-table.js'
import { defaultText, typeText } from '../../runtime/configuration/option-text.js'
import type { OptionName } from '../../runtime/configuration/options.js'
import { GeneratorError, type Plan } from '../files/plan.js'
import { render } from '../files/render.js'
import { schemaReference } from '../project/package-json.js'
import { packageManagerOf } from '../project/package-manager.js'

export interface ConfigInput {
  /** Folder of the application, absolute. */
  readonly root: string
  /** Environment of the file. Empty: the file for all environments without a file of their own. */
  readonly environment?: string
}

/**
 * Plans the configuration file, in which every option is described. All but {@link SET} are commented out.
 *
 * @throws {GeneratorError} when the environment can't be the name of a file
 */
export function planConfig({ root, environment: given = '' }: ConfigInput): Plan {
  const environment = given.trim()
  const problem = environmentNameProblem(environment)
  if (problem) throw new GeneratorError(problem)
  const path = resolve(root, configurationPath(environment))
  const text = render('session-config/config.yml.hbs', {
    environment,
    isDefault: environment === 'development',
    schema: schemaReference(dirname(path), root),
    options: YAML_OPTION_NAMES.map(optionLines),
  })
  return {
    files: [{ path, text: `${text.trimEnd()}\n` }],
    notices: notices(root, environment),
    next: `${packageManagerOf(root).run} plop session-migration`,
  }
}

/** Why a text can't be the name of an environment; undefined when it can, or is empty. */
export function environmentNameProblem(text: string): string | undefined {
  const environment = text.trim()
  if (environment === '') return undefined
  if (environment.length > 200) return `the name of an environment may have at most 200 characters`
  return environmentProblem(environment)
}

/** The options that the file sets. No application should keep sessions for ever by accident. */
const SET: Readonly<Partial<Record<OptionName, string>>> = { maxStale: `${14 * 24 * 3600} # 14 days` }

function optionLines(name: OptionName) {
  const definition = definitionOf(name)
  const set = SET[name]
  // An empty list of secrets is refused, because it looks like a mistake.
  const value = definition.secret ? null : (definition.default ?? null)
  return {
    text: definition.text,
    type: typeText(name),
    default: defaultText(name),
    env: ENV_OPTION_NAMES.includes(name) ? envName(name) : '',
    line: set ? `${yamlName(name)}: ${set}` : `#${yamlName(name)}: ${yamlValue(value)}`,
  }
}

/** A value as YAML: JSON, or a plain word. The package `yaml` would take a tenth of plop's time. */
function yamlValue(value: unknown): string {
  const plain =
    typeof value === 'string' && /^[A-Za-z]\w*$/.test(value) && !/^(true|false|null|yes|no|on|off|[yn])$/i.test(value)
  return plain ? value : JSON.stringify(value)
}

function notices(root: string, environment: string): string[] {
  const general = configurationPath()
  if (environment === '' || !existsSync(join(root, general))) return []
  return [`with NODE_ENV=${environment} only this file is read, and ${general} is not: copy the settings that you need`]
}
