import { expect, it } from 'vitest'
import { planInfrastructure } from '../../../../generators/session-infrastructure/plan.js'
import { withAmbient } from '../../../../runtime/configuration/options-in-migrations.js'
import { resolveConfiguration, withValues } from '../../../../runtime/configuration/resolve.js'
import { policyOf } from '../../../../runtime/table/policy.js'
import { readTemplate, resolved } from '../../../support/cloudformation.js'
import { environmentWith, folderWith } from '../../../support/folder.js'
import { TABLE_CONFIGURATIONS } from '../../../support/table-configurations.js'
import { inputsOfCloudFormation } from '../../../support/table-inputs.js'

const configurations = Object.entries(TABLE_CONFIGURATIONS)

/** The text of the file for these options. */
async function generated(target: string, options: object): Promise<string> {
  environmentWith()
  const root = folderWith()
  const { files } = await withAmbient({ options }, async () => planInfrastructure({ root, target }))
  return files[0]?.text ?? ''
}

it.each(configurations)('allows the roles what dynamo-session policy allows them: %s', async (_, options) => {
  const resources = resolved(readTemplate(await generated('cloudformation', options)))
  const configuration = withValues(resolveConfiguration(options, {}), { manageTable: false })
  const place = { region: 'eu-central-1', account: '123456789012' }
  for (const [name, role] of [
    ['Runtime', 'runtime'],
    ['Clean', 'clean'],
    ['Verify', 'deploy'],
  ] as const) {
    const { Statement, Version } = policyOf(role, configuration, place)
    const lists = Statement.map((statement) => ({ ...statement, Resource: [statement.Resource].flat() }))
    const { PolicyDocument } = resources[`Session${name}Policy`] as { PolicyDocument: { Statement: typeof Statement } }
    const found = PolicyDocument.Statement.map((statement) => ({
      ...statement,
      Resource: [statement.Resource].flat(),
      ...(Object.keys(statement.Condition ?? {}).length === 0 ? {} : { Condition: statement.Condition }),
    }))
    expect({ ...PolicyDocument, Statement: found }, name).toEqual({ Version, Statement: lists })
  }
})

it('follows the parameters that a stack overrides', async () => {
  const template = readTemplate(await generated('cloudformation', TABLE_CONFIGURATIONS['everything at once'] ?? {}))
  const given = {
    TableName: 'staging',
    ReadCapacity: 1,
    WriteCapacity: 2,
    PointInTimeRecovery: 'false',
    DeletionProtection: 'false',
  }
  const { CreateTable, ...others } = inputsOfCloudFormation(resolved(template, given).SessionTable ?? {})
  const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 2 }
  expect(CreateTable).toMatchObject({
    TableName: 'staging',
    ProvisionedThroughput,
    GlobalSecondaryIndexes: [{ ProvisionedThroughput }],
  })
  expect(CreateTable).not.toHaveProperty('DeletionProtectionEnabled')
  expect(others).not.toHaveProperty('UpdateContinuousBackups')
})
