/** What one check of `dynamo-session doctor` found. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error' | 'skipped'
  readonly check: Check
  readonly text: string
  /** How to fix it, unless the text says so. */
  readonly remedy?: string
}

export type Check = (typeof CHECKS)[number]

/** In the order of execution: later checks depend on earlier ones. */
export const CHECKS = [
  'node',
  'configuration',
  'secret_key',
  'lifetime',
  'region',
  'endpoint',
  'credentials',
  'table',
  'key',
  'reads',
  'ids',
  'encryption',
  'clock',
  'indexes',
  'time to live',
  'settings',
] as const
