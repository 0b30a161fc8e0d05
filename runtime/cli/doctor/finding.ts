/** What one check of `dynamo-session doctor` found. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error' | 'skipped'
  readonly check: Check
  readonly text: string
  /** What to do about it, where the text doesn't say so itself. */
  readonly remedy?: string
}

export type Check = (typeof CHECKS)[number]

/** In the order in which they are made: later ones need earlier ones. */
export const CHECKS = [
  'configuration',
  'secret_key',
  'region',
  'credentials',
  'table',
  'key',
  'reads',
  'clock',
  'indexes',
  'time to live',
] as const
