import type { Problem } from '../errors.js'
import type { OptionName } from './options.js'

/** A problem of a secret. It stops only callers that need the secret. */
export interface DeferredProblem extends Problem {
  readonly option: OptionName
}

/** The options that one origin (ENV, the file, code) sets, and its mistakes. */
export interface Origin {
  readonly values: ReadonlyMap<OptionName, { readonly value: unknown; readonly source: string }>
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
  /** Options that are set under a name that is not read. A problem only if no origin sets the option. */
  readonly misnamed?: ReadonlyMap<OptionName, Problem>
}
