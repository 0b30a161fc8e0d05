/** What the file is written for. */
export const TARGETS = ['cloudformation', 'sam', 'cdk', 'terraform'] as const
export type Target = (typeof TARGETS)[number]

/** Folder of the file, relative to that of the application. */
export const DEFAULT_FOLDER = 'infrastructure'

/** Why a text can't be the folder of the file; undefined when it can. */
export function folderProblem(dir: string): string | undefined {
  return /\p{Cc}/u.test(dir) ? `${JSON.stringify(dir)} can't be a folder` : undefined
}
