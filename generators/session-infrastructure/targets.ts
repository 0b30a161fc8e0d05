/** The tools that a file can be written for. */
export const TARGETS = ['cloudformation', 'sam', 'cdk', 'terraform'] as const
export type Target = (typeof TARGETS)[number]

/** Folder of the file, relative to that of the application. */
export const DEFAULT_FOLDER = 'infrastructure'
