import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { type PolicySettings, policyOf, type Role } from '../../../runtime/table/policy.js'

const PLACE = { region: 'eu-central-1', account: '123456789012' }
const TABLE = 'arn:aws:dynamodb:eu-central-1:123456789012:table/sessions'
const KEY = '11111111-2222-3333-4444-555555555555'

const policy = (role: Role, options: Options = {}, settings: PolicySettings = {}, place = PLACE) =>
  policyOf(role, resolveConfiguration(options, {}), place, settings)

it.each([
  ['docs/permissions.md', 'runtime'],
  ['docs/cleaning.md', 'clean'],
] as const)('%s has the policy of %s', (page, role) => {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')
  const json = new RegExp(`<!-- policy: ${role} -->\\n\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? ''
  expect(json).toBe(`${JSON.stringify(policy(role), null, 2)}\n`)
})

it('names each index, and the migrations table only for the role that deploys', () => {
  const settings = { migrationsTable: 'sessions_migrations' }
  const resources = (role: Role) =>
    policy(role, { indexKeys: ['user_id', 'user.id'] }, settings).Statement.map(({ Resource }) => Resource)
  const indexes = [`${TABLE}/index/user_id-index`, `${TABLE}/index/user.id-index`]
  expect(resources('runtime')).toEqual([TABLE, indexes])
  expect(resources('index')).toEqual([TABLE, indexes])
  expect(resources('clean')).toEqual([TABLE])
  expect(resources('deploy')).toEqual([TABLE, `${TABLE}_migrations`])
})

it('allows no change of a table with manage_table: false', () => {
  const [table] = policy('deploy', { manageTable: false, tags: { a: 'b' }, pointInTimeRecovery: true }).Statement
  expect(table?.Action).toEqual([
    'dynamodb:DescribeTable',
    'dynamodb:DescribeTimeToLive',
    'dynamodb:DescribeContinuousBackups',
    'dynamodb:ListTagsOfResource',
  ])
})

it.each<[Role, Options, { more?: string[]; less?: string[] }]>([
  ['deploy', { ttl: true }, { less: ['Scan'] }],
  ['deploy', { ttl: false }, { less: ['Scan'] }],
  ['deploy', { pointInTimeRecovery: true }, { more: ['UpdateContinuousBackups'] }],
  ['deploy', { pointInTimeRecovery: false }, { more: ['UpdateContinuousBackups'] }],
  ['deploy', { tags: { team: 'web' } }, { more: ['TagResource', 'UntagResource', 'TagResource of the log'] }],
  ['runtime', { batchReads: false }, { less: ['BatchGetItem'] }],
  ['runtime', { transport: 'sdk' }, { less: ['BatchGetItem'] }],
  ['runtime', { transport: 'sdk', indexKeys: ['user_id'] }, { more: ['Query'] }],
  ['clean', { tableName: TABLE }, { more: ['DeleteItem'], less: ['PartiQLDelete'] }],
])('compared with the defaults, %s with %j changes only %j', (role, options, { more = [], less = [] }) => {
  const actions = (given: Options) =>
    policy(role, given, { migrationsTable: 'log' }).Statement.flatMap(({ Action, Resource }) =>
      Action.map(
        (action) => action.slice('dynamodb:'.length) + (String(Resource).endsWith('/log') ? ' of the log' : ''),
      ),
    )
  const [before, after] = [actions({}), actions(options)]
  expect(after.filter((action) => !before.includes(action))).toEqual(more)
  expect(before.filter((action) => !after.includes(action))).toEqual(less)
})

it('has the partition of the region', () => {
  const [table] = policy('runtime', {}, {}, { region: 'cn-north-1', account: '123456789012' }).Statement
  expect(table?.Resource).toBe('arn:aws-cn:dynamodb:cn-north-1:123456789012:table/sessions')
})

const VIA = { StringLike: { 'kms:ViaService': 'dynamodb.eu-central-1.*' } }
const ALIAS = { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/sessions' } }

it.each([
  [KEY, `arn:aws:kms:eu-central-1:123456789012:key/${KEY}`, {}],
  [`arn:aws:kms:eu-central-1:210987654321:key/${KEY}`, `arn:aws:kms:eu-central-1:210987654321:key/${KEY}`, {}],
  ['alias/sessions', 'arn:aws:kms:eu-central-1:123456789012:key/*', ALIAS],
  ['arn:aws:kms:eu-central-1:210987654321:alias/sessions', 'arn:aws:kms:eu-central-1:210987654321:key/*', ALIAS],
])('allows the use of the KMS key %s only by DynamoDB', (kmsKeyId, Resource, condition) => {
  const statement = { Effect: 'Allow', Action: ['kms:Decrypt'], Resource, Condition: { ...VIA, ...condition } }
  expect(policy('runtime', { kmsKeyId }).Statement.slice(1)).toEqual([statement])
  expect(policy('clean', { kmsKeyId }).Statement.slice(1)).toEqual([statement])
  const [, describe, use] = policy('deploy', { kmsKeyId }).Statement
  expect(describe).toMatchObject({ Action: ['kms:DescribeKey'], Resource })
  expect(describe?.Condition ?? {}).toEqual(condition)
  expect(use).toMatchObject({ Resource, Condition: { ...VIA, ...condition } })
  expect(use?.Action).toContain('kms:CreateGrant')
})

it('needs no permission for a key that DynamoDB owns', () => {
  expect(policy('deploy', { kmsKeyId: 'none' }).Statement).toHaveLength(1)
})
