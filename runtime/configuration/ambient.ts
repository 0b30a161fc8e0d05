import { AsyncLocalStorage } from 'node:async_hooks'
import type { Logger } from '../logger.js'
import { CLIENT_SETTINGS } from './option-table.js'
import type { Options } from './options.js'

/**
 * What applies inside a migration. A migration calls `createTable()` by itself, usually without arguments; run by an
 * umzug that was given options (or by `npx umzug --options …`), it must mean the same table as that, and what it has
 * to say must be seen.
 */
export interface Ambient {
  readonly options: Options
  readonly logger?: Logger | undefined
}

/** On the global object, because the application may load this package a second time, through tsx for example. */
const KEY = Symbol.for('dynamo-session-store.ambient')

interface Place {
  [KEY]?: AsyncLocalStorage<Ambient>
}

/** The options of the umzug inside which this code runs. */
export function ambientOptions(): Options {
  return current()?.options ?? {}
}

/** The logger of the umzug inside which this code runs. */
export function ambientLogger(): Logger | undefined {
  return current()?.logger
}

/** Runs `work` with these as those of all that is called in it; inner options win over outer ones. */
export function withAmbient<T>({ options, logger = ambientLogger() }: Ambient, work: () => T): T {
  const place = globalThis as Place
  place[KEY] ??= new AsyncLocalStorage()
  return place[KEY].run({ options: overAmbient(options), logger }, work)
}

/**
 * These options over those of the umzug inside which this code runs. Undefined and null mean *not set*. A client and the
 * settings of one come from the same place: together they would contradict each other.
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
