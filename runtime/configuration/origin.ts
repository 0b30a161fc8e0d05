import type { Problem } from '../errors.js'
import type { OptionName } from './options.js'

/** What one origin (ENV, the file, code) had to say. */
export interface Origin {
  readonly values: ReadonlyMap<OptionName, { readonly value: unknown; readonly source: string }>
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}
