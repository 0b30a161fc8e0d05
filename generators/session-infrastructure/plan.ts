import { join } from 'node:path'
import { type Configuration, resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { tableArn } from '../../runtime/configuration/table-arn.js'
import { choiceOf } from '../choice.js'
import { GeneratorError, type Plan, shownPath } from '../files/plan.js'
import { render } from '../files/render.js'
import { folderIn } from '../project/folder.js'
import { packageManagerOf } from '../project/package-manager.js'
import { DEFAULT_FOLDER, TARGETS, type Target } from './targets.js'
import { templateData } from './template-data.js'

export interface InfrastructureInput {
  /** Folder of the application, absolute. */
  readonly root: string
  readonly target: string
  /** Folder of the file, relative to `root`. Default: `infrastructure`. */
  readonly dir?: string
}

const FILES: Readonly<Record<Target, { readonly name: string; readonly template: string }>> = {
  cloudformation: { name: 'session-table.cloudformation.yml', template: 'cloudformation.yml.hbs' },
  sam: { name: 'session-table.sam.yml', template: 'cloudformation.yml.hbs' },
  cdk: { name: 'session-table.ts', template: 'cdk.ts.hbs' },
  terraform: { name: 'session-table.tf', template: 'terraform.tf.hbs' },
}

/**
 * Plans a file with the table that `createTable` would make from this configuration. The file also has the policies of the
 * roles that use the table.
 *
 * @throws {GeneratorError} when there is no such target, or the table belongs to another account
 * @throws {ConfigurationError} when the configuration is not valid
 */
export function planInfrastructure({ root, target: given, dir = DEFAULT_FOLDER }: InfrastructureInput): Plan {
  if (given === '') {
    const choices = TARGETS.join(', ')
    throw new GeneratorError(
      `what creates the table? Choose one of ${choices}: ${packageManagerOf(root).run} plop session-infrastructure -- --target ${TARGETS[0]}`,
    )
  }
  const target = choiceOf('target', given, TARGETS)
  const configuration = resolveConfiguration({ root })
  const { tableName, sources } = configuration
  if (tableArn(tableName)) {
    throw new GeneratorError(
      `table_name (${sources.tableName}) is an ARN, so the table exists already; set a plain name to generate its infrastructure`,
    )
  }
  const { name, template } = FILES[target]
  const path = join(folderIn(root, dir), name)
  const data = { ...templateData(configuration), sam: target === 'sam' }
  return {
    files: [{ path, text: render(`session-infrastructure/${template}`, data) }],
    showsDifference: true,
    notices: [...configuration.warnings, ...ownerNotices(target, configuration)],
    next: nextCommand(target, shownPath(path, root), configuration),
  }
}

/** Notices against two owners of one table, which would undo each other's changes. */
function ownerNotices(target: Target, { manageTable, file, tableName }: Configuration): string[] {
  if (!manageTable) return []
  return [
    `set manage_table: false in ${file ?? 'the configuration'}: dynamo-session-store then only verifies the table`,
    `a table that exists already must be imported, not deleted: ${importing(target, tableName)}`,
  ]
}

function importing(target: Target, tableName: string): string {
  switch (target) {
    case 'cloudformation':
    case 'sam':
      return 'aws cloudformation create-change-set --change-set-type IMPORT'
    case 'cdk':
      return 'cdk import'
    case 'terraform':
      return `terraform import aws_dynamodb_table.sessions ${tableName}`
  }
}

function nextCommand(target: Target, path: string, { root, tableName }: Configuration): string {
  const stack = tableName.replace(/[^A-Za-z0-9]+/g, '-')
  switch (target) {
    case 'cloudformation':
      return `aws cloudformation deploy --template-file ${path} --stack-name ${stack} --capabilities CAPABILITY_IAM`
    case 'sam':
      return `sam deploy --template-file ${path} --stack-name ${stack} --capabilities CAPABILITY_IAM`
    case 'cdk':
      return `add new SessionTable(this, 'SessionTable') to a stack, then ${packageManagerOf(root).run} cdk deploy`
    case 'terraform':
      return 'terraform plan'
  }
}
