import type { Configuration } from '../../runtime/configuration/resolve.js'
import { tableArn } from '../../runtime/configuration/table-arn.js'
import { policyOf } from '../../runtime/table/policy.js'

/** CloudFormation replaces these texts. */
const PLACE = { region: '${AWS::Region}', account: '${AWS::AccountId}' }

/** The statements that allow cleaning the table, for `!Sub`. The parameter `TableName` is the table's name or ARN. */
export function samStatements(configuration: Configuration) {
  return policyOf('clean', configuration, PLACE).Statement.map(({ Action, Resource, Condition = {} }) => ({
    actions: JSON.stringify(Action),
    resource: JSON.stringify(ofParameter(String(Resource), configuration)),
    conditions: Object.entries(Condition).flatMap(([operator, values]) =>
      Object.entries(values).map(([key, value]) => ({ operator, key, value: JSON.stringify(value) })),
    ),
  }))
}

function ofParameter(resource: string, { tableName }: Configuration): string {
  if (resource === tableName && tableArn(tableName)) return '${TableName}'
  return resource
    .replace(/^arn:aws:(?=\w+:\$\{AWS::Region\})/, 'arn:${AWS::Partition}:')
    .replace(`:table/${tableName}`, ':table/${TableName}')
}
