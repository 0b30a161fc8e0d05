import { AsyncLocalStorage } from 'node:async_hooks'
import type { Options } from './options.js'

/**
 * A migration calls `createTable()` by itself, usually without options; run by an umzug that was given options (or by
 * `npx umzug --options …`), it must mean the same table as that. Kept on the global object, because the application
 * may load this package a second time, through tsx for example.
 */
const KEY = Symbol.for('dynamo-session-store.ambient-options')

interface Place {
  [KEY]?: AsyncLocalStorage<Options>
}

/** The options of the umzug inside which this code runs. */
export function ambientOptions(): Options {
  return (globalThis as Place)[KEY]?.getStore() ?? {}
}

/** Runs `work` with these options as those of all that is called in it; inner ones win over outer ones. */
export function withAmbientOptions<T>(options: Options, work: () => T): T {
  const place = globalThis as Place
  place[KEY] ??= new AsyncLocalStorage()
  return place[KEY].run({ ...ambientOptions(), ...options }, work)
}
