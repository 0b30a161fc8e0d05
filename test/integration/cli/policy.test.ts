import { beforeEach, expect, it } from 'vitest'
import { type PolicyOptions, policyCommand } from '../../../runtime/cli/commands/policy.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'

const FILE = 'config/dynamo_session_store.yml'
const ACCOUNT = '123456789012'

beforeEach(() => environmentWith({ AWS_REGION: 'eu-central-1' }))

/** What the command prints, in an application with this configuration. */
async function run(options: PolicyOptions = { account: ACCOUNT }, yaml = '') {
  currentFolderWith({ [FILE]: `{}\n${yaml}`.replace(/^\{\}\n(?=.)/, '') })
  const logger = recordingLogger()
  const aside = recordingLogger()
  await policyCommand(options, logger, aside)
  return { json: JSON.parse(logger.lines.join('\n')), aside }
}

it('prints one policy, with the region that the AWS SDK finds', async () => {
  const { json } = await run({ role: 'clean', account: ACCOUNT })
  expect(json.Version).toBe('2012-10-17')
  expect(json.Statement[0].Resource).toBe('arn:aws:dynamodb:eu-central-1:123456789012:table/sessions')
})

it('prints the policies of all roles without a role; index only if it has something to allow', async () => {
  expect(Object.keys((await run()).json)).toEqual(['deploy', 'runtime', 'clean', 'inspect'])
  expect(Object.keys((await run({ account: ACCOUNT, scan: true })).json)).toContain('index')
  expect(Object.keys((await run({ account: ACCOUNT }, 'index_keys: [user_id]\n')).json)).toContain('index')
})

it('takes the account of ENV AWS_ACCOUNT_ID', async () => {
  environmentWith({ AWS_REGION: 'us-east-1', AWS_ACCOUNT_ID: '210987654321' })
  const { json } = await run({ role: 'runtime' })
  expect(json.Statement[0].Resource).toBe('arn:aws:dynamodb:us-east-1:210987654321:table/sessions')
})

it('leaves the migrations table out where a database has the log', async () => {
  const resources = async (yaml: string) =>
    (await run({ role: 'deploy', account: ACCOUNT }, yaml)).json.Statement.map(
      ({ Resource }: { Resource: string }) => Resource,
    )
  expect(await resources('')).toHaveLength(2)
  expect(await resources('migration_storage: knex\n')).toHaveLength(1)
})

it.each([
  [{}, '--account: is missing'],
  [{ account: '12345' }, '--account: must be the 12 digits of an AWS account, not "12345"'],
  [{ account: ACCOUNT, role: 'index' }, 'index_keys (default): is empty'],
  [{ account: ACCOUNT, role: 'clean', scan: true }, '--scan: changes nothing for clean'],
] as const)('refuses %j', async (options, message) => {
  await expect(run(options)).rejects.toThrow(message)
})

it.each(['', 'endpoint: http://localhost:8000\n'])('needs a region, with the configuration %j', async (yaml) => {
  environmentWith()
  const text = `policy for table "sessions" failed: no AWS region is set; set region in ${FILE}, or AWS_REGION in the environment`
  await expect(run({ account: ACCOUNT }, yaml)).rejects.toThrow(new RegExp(`^${text}$`))
})

it('names ENV AWS_REGION where it is empty, and the profile that it hides', async () => {
  const text = `no AWS region is set, because ENV AWS_REGION is empty; set region in ${FILE}, or AWS_REGION in the environment`
  environmentWith({ AWS_REGION: '' })
  await expect(run()).rejects.toThrow(new RegExp(`${text}$`))
  environmentWith({ AWS_REGION: '', AWS_PROFILE: 'shop' })
  await expect(run()).rejects.toThrow(`${text}, or unset AWS_REGION to use the AWS profile shop`)
  await expect(run({ account: ACCOUNT, role: 'clean' }, 'region: eu-west-1\n')).resolves.toMatchObject({ json: {} })
  environmentWith({ AWS_REGION: 'no region' })
  await expect(run()).rejects.toThrow('the region is not a valid name; check the option region and AWS_REGION')
})

it('prints warnings beside the JSON', async () => {
  environmentWith({ AWS_REGION: 'eu-central-1', AWS_DYNAMO_DB_SESSION_TABLE_NAM: 'x' })
  const { aside } = await run({ role: 'runtime', account: ACCOUNT })
  expect(aside.warnings).toHaveLength(1)
})
