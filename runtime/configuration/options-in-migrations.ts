import { AsyncLocalStorage } from 'node:async_hooks'
import type { Logger } from '../logger.js'
import { CLIENT_SETTINGS } from './option-table.js'
import type { Options } from './options.js'

/**
 * Options and logger that apply inside a migration. A migration usually calls `createTable()` without arguments. It must
 * then mean the same table as the umzug that runs it, and use the same logger.
 */
export interface Ambient {
  readonly options: Options
  readonly logger?: Logger | undefined
}

/** A key of the global object, because an application may load this package twice, for example through tsx. */
const KEY = Symbol.for('dynamo-session-store.ambient')

interface Place {
  [KEY]?: AsyncLocalStorage<Ambient>
}

/** The options of the umzug that runs this code. */
export function ambientOptions(): Options {
  return current()?.options ?? {}
}

/** The logger of the umzug that runs this code. */
export function ambientLogger(): Logger | undefined {
  return current()?.logger
}

/** Runs `work` and all that it calls with these options and logger. Inner options win over outer ones. */
export function withAmbient<T>({ options, logger = ambientLogger() }: Ambient, work: () => T): T {
  const place = globalThis as Place
  place[KEY] ??= new AsyncLocalStorage()
  return place[KEY].run({ options: overAmbient(options), logger }, work)
}

/**
 * These options over those of the umzug that runs this code. Undefined and null mean *not set*. A client and the settings
 * of a client contradict each other, so both come from the same place.
 */
export function overAmbient(options: Options): Options {
  const ambient: Record<string, unknown> = { ...ambientOptions() }
  if (isSet(options.client)) for (const name of CLIENT_SETTINGS) delete ambient[name]
  if (CLIENT_SETTINGS.some((name) => isSet(options[name]))) delete ambient.client
  return {
    ...ambient,
    ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, value ?? ambient[key]])),
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function current(): Ambient | undefined {
  return (globalThis as Place)[KEY]?.getStore()
}
