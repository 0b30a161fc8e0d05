import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { planInfrastructure } from '../../../../generators/session-infrastructure/plan.js'
import { environmentWith, folderWith } from '../../../support/folder.js'

const FILE = 'config/dynamo_session_store.yml'

beforeEach(() => environmentWith())

it.each([
  [
    'cloudformation',
    'infrastructure/session-table.cloudformation.yml',
    /^aws cloudformation deploy .* --stack-name sessions /,
  ],
  [
    'sam',
    'infrastructure/session-table.sam.yml',
    /^sam deploy --template-file infrastructure\/session-table\.sam\.yml /,
  ],
  ['cdk', 'infrastructure/session-table.ts', /new SessionTable\(this, 'SessionTable'\) .* pnpm exec cdk deploy$/],
  ['terraform', 'infrastructure/session-table.tf', /^terraform plan$/],
])('plans one file for %s, and says how to deploy it', (target, path, next) => {
  const root = folderWith({ 'pnpm-lock.yaml': '' })
  const plan = planInfrastructure({ root, target })
  expect(plan.files.map((file) => file.path)).toEqual([join(root, path)])
  expect(plan.next).toMatch(next)
})

it('advises manage_table: false, until the configuration has it', () => {
  const notices = (yaml: string) => planInfrastructure({ root: folderWith({ [FILE]: yaml }), target: 'sam' }).notices
  expect(notices('table_name: shop')).toEqual([
    `set manage_table: false in ${FILE}: dynamo-session-store then only verifies the table`,
    'a table that exists already must be imported, not deleted: aws cloudformation create-change-set --change-set-type IMPORT',
  ])
  expect(notices('table_name: shop\nmanage_table: false')).toEqual([])
})

it.each([
  ['cdk', 'cdk import'],
  ['terraform', 'terraform import aws_dynamodb_table.sessions shop'],
])('says with which command %s takes over a table that exists', (target, command) => {
  const { notices } = planInfrastructure({ root: folderWith({ [FILE]: 'table_name: shop' }), target })
  expect(notices.at(-1)).toBe(`a table that exists already must be imported, not deleted: ${command}`)
})

it('refuses an unknown target, and none', () => {
  const root = folderWith()
  expect(() => planInfrastructure({ root, target: 'pulumi' })).toThrow(
    'unknown target "pulumi": choose cloudformation, sam, cdk, terraform',
  )
  expect(() => planInfrastructure({ root, target: '' })).toThrow('npx plop session-infrastructure -- --target')
})
