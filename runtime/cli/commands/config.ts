import { definitionOf, OPTION_NAMES, yamlName } from '../../configuration/option-table.js'
import { isSecret, valueText, withoutPassword } from '../../configuration/option-text.js'
import type { OptionName } from '../../configuration/options.js'
import type { Configuration } from '../../configuration/resolve.js'
import { endpointInEffect, regionInEffect } from '../../dynamodb/place-in-effect.js'
import type { Problem } from '../../errors.js'
import { fitForLine, jsonForOutput } from '../../fit-for-output.js'
import { configurationOf, resultLogger, type SharedOptions } from '../command.js'

export interface ConfigOptions extends SharedOptions {
  readonly json?: boolean
}

/** One option as shown, with secrets masked. */
interface Row {
  readonly name: OptionName
  readonly value: unknown
  readonly source: string
  /** Why the value can't be read. Only commands that need the value fail. */
  readonly problem?: string
}

/** `dynamo-session config`: every option with its value and source, as a table or as JSON. */
export async function configCommand(options: ConfigOptions, logger = resultLogger(options)): Promise<void> {
  const configuration = await configurationOf(options, logger)
  const rows = OPTION_NAMES.map((name) => rowOf(name, configuration, options))
  if (options.json) {
    logger.info(jsonForOutput(jsonOf(configuration, rows)))
    return
  }
  logger.info(`configuration file: ${fitForLine(configuration.file ?? 'none')}`)
  logger.info('')
  for (const line of tableLines(rows)) logger.info(line)
  for (const { place, text, option } of configuration.deferredProblems) {
    const needing = option === 'encryptionKeys' ? 'stores, doctor, list and destroy' : 'stores and doctor'
    logger.warn(`${place}: ${text}; ${needing} need it, other commands don't`)
  }
}

function rowOf(name: OptionName, configuration: Configuration, shared: SharedOptions): Row {
  const deferred = configuration.deferredProblems.find(({ option }) => option === name)
  if (deferred) return unreadable(name, deferred)
  const fromCommandLine = { environment: shared.environment, configFile: shared.config } as Record<string, unknown>
  const inEffect = IN_EFFECT[name]?.(configuration)
  if (inEffect) return { name, value: shownValue(name, inEffect.value), source: inEffect.source }
  const source = fromCommandLine[name] === undefined ? configuration.sources[name] : 'command line'
  return { name, value: shownValue(name, configuration[name]), source }
}

/** AWS's own ENV names set these options if no other source does. */
const IN_EFFECT: Partial<Record<OptionName, typeof regionInEffect>> = {
  region: regionInEffect,
  endpoint: endpointInEffect,
}

function unreadable(name: OptionName, { place, text }: Problem): Row {
  return { name, value: undefined, source: place, problem: text }
}

/** Secrets are masked. An object is shown by the name of its class, because it may hold secrets. */
function shownValue(name: OptionName, value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const { type } = definitionOf(name)
  if (type === 'object' && typeof value !== 'string') return `(${value.constructor?.name ?? 'Object'})`
  if (isSecret(name, value)) return valueText(name, value)
  return name === 'endpoint' ? withoutPassword(String(value)) : value
}

function jsonOf(configuration: Configuration, rows: readonly Row[]): Record<string, unknown> {
  const options = rows.map(({ name, value = null, source, problem }) => [yamlName(name), { value, source, problem }])
  return {
    environment: configuration.environment,
    file: configuration.file ?? null,
    options: Object.fromEntries(options),
    warnings: configuration.warnings,
  }
}

function tableLines(rows: readonly Row[]): string[] {
  const cells = [
    ['option', 'value', 'source'],
    ...rows.map(({ name, value, source, problem }) => [
      yamlName(name),
      problem ? '(unreadable, see below)' : oneLine(cellText(value)),
      fitForLine(source),
    ]),
  ]
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
}

function cellText(value: unknown): string {
  if (value === undefined) return 'null'
  return typeof value === 'object' ? JSON.stringify(value) : withoutPassword(String(value))
}

/** Shows control characters as escapes: they would break the table or the terminal. */
function oneLine(text: string): string {
  return fitForLine(/\p{Cc}/u.test(text) ? JSON.stringify(text) : text)
}
