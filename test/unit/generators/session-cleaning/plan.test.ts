import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { planCleaning } from '../../../../generators/session-cleaning/plan.js'
import { application } from '../application.js'

const LIFETIME = {
  'config/dynamo_session_store/production.yml': 'max_stale: 3600\ntable_name: visits\nregion: eu-west-1\n',
}

function plan(target: string, files: Record<string, string> = LIFETIME, environment?: string) {
  const { root } = application(files)
  const { files: planned, ...rest } = planCleaning({ root, target, environment })
  return {
    ...rest,
    root,
    texts: planned.map(({ text }) => text),
    paths: planned.map(({ path }) => path.slice(root.length + 1)),
  }
}

describe('session-cleaning', () => {
  it('writes a workflow for GitHub Actions', () => {
    const { texts, paths } = plan('github-actions')
    const { on, jobs } = parse(texts[0] ?? '')
    expect(paths).toEqual(['.github/workflows/session-cleaning.yml'])
    expect(on.schedule).toEqual([{ cron: '17 3 * * *' }])
    expect(jobs.clean.steps.map(({ run }: { run?: string }) => run).filter(Boolean)).toEqual([
      'npm ci',
      'npx dynamo-session clean --max-seconds 3000',
    ])
    expect(texts[0]).toContain('role-to-assume: ${{ vars.SESSION_CLEANING_ROLE }}')
    expect(texts[0]).toContain('aws-region: eu-west-1')
  })

  it.each([
    ['pnpm-lock.yaml', ['pnpm install --frozen-lockfile', 'pnpm exec dynamo-session clean --max-seconds 3000']],
    ['yarn.lock', ['corepack enable', 'yarn install --immutable', 'yarn dynamo-session clean --max-seconds 3000']],
  ])('uses the package manager of the application: %s', (lockfile, commands) => {
    const { jobs } = parse(plan('github-actions', { ...LIFETIME, [lockfile]: '' }).texts[0] ?? '')
    expect(jobs.clean.steps.map(({ run }: { run?: string }) => run).filter(Boolean)).toEqual(commands)
  })

  it('writes a Lambda function and its SAM template', () => {
    const { texts, paths } = plan('lambda')
    expect(paths).toEqual(['session-cleaning/handler.mjs', 'session-cleaning/template.yml'])
    expect(texts[1]).toContain('Default: "visits"')
  })

  it('writes a line for cron, with the folder quoted', () => {
    const { texts, root } = plan('cron')
    expect(texts[0]).toContain(`17 3 * * * cd '${root}' && NODE_ENV=production npx dynamo-session clean\n`)
  })

  it('deletes only what is past its own expire_at, where no option sets a lifetime', () => {
    for (const target of ['github-actions', 'cron']) {
      const { texts, notices } = plan(target, {})
      expect(texts[0]).toContain('clean --expire-at-only')
      expect(notices).toEqual([
        'no max_stale or max_age is set: only sessions past their own expire_at will be deleted',
      ])
    }
    expect(plan('lambda', {}).texts[0]).toContain('expireAtOnly: true')
  })

  it('refuses an unknown target', () => {
    expect(() => plan('jenkins')).toThrow('unknown target "jenkins": choose github-actions, lambda, cron')
  })
})
