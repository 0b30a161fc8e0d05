import { findKnexfile } from '../../application/knexfile.js'
import type { Configuration } from '../../configuration/resolve.js'
import { tableArn } from '../../configuration/table-arn.js'
import { regionOfSdk } from '../../dynamodb/client.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import { ConfigurationError } from '../../errors.js'
import { jsonForOutput } from '../../fit-for-output.js'
import { migrationsTableName } from '../../migrations/storage/dynamodb-table.js'
import { type PolicySettings, policyOf, ROLES, type Role } from '../../table/policy.js'
import { configurationOf, exactLogger, type SharedOptions, standardError } from '../command.js'
import { regionOf } from '../target.js'

export interface PolicyOptions extends SharedOptions {
  /** Undefined: all roles. */
  readonly role?: Role
  readonly account?: string
  readonly scan?: boolean
}

/** `dynamo-session policy`: one policy, or an object with the policy of each role. Only JSON on standard output. */
export async function policyCommand(
  options: PolicyOptions,
  logger = exactLogger,
  aside = standardError,
): Promise<void> {
  const { role, scan = false } = options
  if (scan && role !== undefined && role !== 'runtime' && role !== 'index') {
    throw new ConfigurationError([{ place: '--scan', text: `changes nothing for ${role}; leave it out` }])
  }
  const account = accountOf(options)
  const configuration = await configurationOf(options, aside)
  const settings = { scan, migrationsTable: migrationsTableOf(configuration) }
  if (role === 'index') assertSearchable(configuration, settings)
  const region = tableArn(configuration.tableName)?.region ?? (await regionOfPolicy(configuration))
  const policy = (which: Role) => policyOf(which, configuration, { region, account }, settings)
  const roles = ROLES.filter((which) => which !== 'index' || isSearchable(configuration, settings))
  logger.info(
    jsonForOutput(role === undefined ? Object.fromEntries(roles.map((which) => [which, policy(which)])) : policy(role)),
  )
}

/** The region that is set. The placeholder for a local endpoint does not count: the policy is for AWS. */
async function regionOfPolicy(configuration: Configuration): Promise<string> {
  const { client, profile, region } = configuration
  try {
    return region ?? (await (client ? regionOf(configuration) : regionOfSdk(profile)))
  } catch (error) {
    throw explainAwsError(error, { action: 'policy', configuration })
  }
}

function accountOf({ account }: PolicyOptions): string {
  const place = account === undefined ? 'ENV AWS_ACCOUNT_ID' : '--account'
  const id = account ?? process.env.AWS_ACCOUNT_ID
  if (id !== undefined && /^\d{12}$/.test(id)) return id
  const text = id
    ? `must be the 12 digits of an AWS account, not ${JSON.stringify(id)}`
    : 'is missing: give the account of the role, such as --account 123456789012 (aws sts get-caller-identity shows it)'
  throw new ConfigurationError([{ place: id ? place : '--account', text }])
}

/** The table in which `npx umzug` logs; undefined when it logs in the database of the knexfile. */
function migrationsTableOf(configuration: Configuration): string | undefined {
  const { migrationStorage, root, tableName } = configuration
  const inDatabase = migrationStorage === 'auto' ? findKnexfile(root) !== undefined : migrationStorage === 'knex'
  return inDatabase ? undefined : migrationsTableName(tableName)
}

function isSearchable({ indexKeys }: Configuration, { scan }: PolicySettings): boolean {
  return indexKeys.length > 0 || scan === true
}

function assertSearchable(configuration: Configuration, settings: PolicySettings): void {
  if (isSearchable(configuration, settings)) return
  const text = 'is empty, so list and destroy have no index; set it, or add --scan for list --scan and destroy --scan'
  throw new ConfigurationError([{ place: `index_keys (${configuration.sources.indexKeys})`, text }])
}
