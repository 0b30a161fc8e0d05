export const TARGETS = ['github-actions', 'lambda', 'cron'] as const
export type Target = (typeof TARGETS)[number]
