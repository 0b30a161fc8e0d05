export const TARGETS = ['github-actions', 'lambda', 'cron'] as const
export type Target = (typeof TARGETS)[number]

export function targetProblem(target: string): string {
  return `unknown target ${JSON.stringify(target)}: choose ${TARGETS.join(', ')}`
}
