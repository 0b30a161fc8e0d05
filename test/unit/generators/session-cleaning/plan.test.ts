import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { planCleaning } from '../../../../generators/session-cleaning/plan.js'
import { application } from '../application.js'

const LIFETIME = {
  'config/dynamo_session_store/production.yml': 'max_stale: 3600\ntable_name: visits\nregion: eu-west-1\n',
}

const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/visits'
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/0b6c0000-0000-4000-8000-000000000000'

/** Properties of the function of a SAM template. */
function samFunction(template = '') {
  const tags = ['!Ref', '!Sub'].map((tag) => ({ tag, resolve: (text: string) => text }))
  return parse(template, { customTags: tags }).Resources.SessionCleaning.Properties
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
    expect(texts[0]).toContain('aws-region: "eu-west-1"')
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
    expect(texts[0]).toContain(`17 3 * * * cd '${root}' && NODE_ENV='production' npx dynamo-session clean\n`)
  })

  it('quotes a folder for the shell, and for cron, where % begins a new line', () => {
    const { root } = application()
    const planned = planCleaning({ root: join(root, "it's 100%"), target: 'cron' })
    expect(planned.files[0]?.text).toContain(String.raw` * cd '${root}/it'\''s 100\%' && `)
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

  it('says why a configuration file is not read', () => {
    const { notices } = plan('cron', { 'config/dynamo_session_store/production.yaml': 'max_age: 60\n' })
    expect(notices[0]).toBe('config/dynamo_session_store/production.yaml is not read: its name must end in .yml')
  })

  it.each(['staging rm -rf .ssh', 'no', '1.5'])(
    'takes the name of an environment as a text everywhere: %s',
    (environment) => {
      const files = { [`config/dynamo_session_store/${environment}.yml`]: 'max_age: 60\n' }
      const texts = (target: string) => plan(target, files, environment).texts
      expect(texts('cron')[0]).toContain(` && NODE_ENV='${environment}' npx dynamo-session clean\n`)
      expect(parse(texts('github-actions')[0] ?? '').jobs.clean.steps.at(-1).env).toEqual({ NODE_ENV: environment })
      expect(samFunction(texts('lambda')[1]).Environment.Variables.NODE_ENV).toBe(environment)
    },
  )

  it("refuses an environment that can't be one", () => {
    expect(() => plan('cron', {}, "x'; reboot")).toThrow(`"x'; reboot" can't be the name of an environment`)
  })

  it.each([
    [
      'a plain name',
      'table_name: visits\nkms_key_id: alias/web\n',
      [
        ['dynamodb:Scan', 'dynamodb:PartiQLDelete', 'dynamodb:DescribeTable'],
        'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}',
      ],
      [
        ['kms:Decrypt'],
        'arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*',
        {
          StringLike: { 'kms:ViaService': 'dynamodb.${AWS::Region}.*' },
          'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/web' },
        },
      ],
    ],
    [
      'an ARN',
      `table_name: ${ARN}\nkms_key_id: ${KEY}\n`,
      [['dynamodb:Scan', 'dynamodb:DeleteItem', 'dynamodb:DescribeTable'], '${TableName}'],
      [['kms:Decrypt'], KEY, { StringLike: { 'kms:ViaService': 'dynamodb.${AWS::Region}.*' } }],
    ],
  ])('allows the Lambda function what cleaning needs, where table_name is: %s', (_, config, ...statements) => {
    const [, template] = plan('lambda', { 'config/dynamo_session_store/production.yml': config }).texts
    expect(samFunction(template).Policies[0].Statement).toEqual(
      statements.map(([Action, Resource, Condition]) => ({
        Effect: 'Allow',
        Action,
        Resource,
        ...(Condition !== undefined && { Condition }),
      })),
    )
  })

  it('refuses an unknown target', () => {
    expect(() => plan('jenkins')).toThrow('unknown target "jenkins": choose github-actions, lambda, cron')
  })
})
