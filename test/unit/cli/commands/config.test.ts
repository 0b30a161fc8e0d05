import { beforeEach, describe, expect, it } from 'vitest'
import { type ConfigOptions, configCommand } from '../../../../runtime/cli/commands/config.js'
import { ENV_OPTION_NAMES, OPTION_NAMES, yamlName } from '../../../../runtime/configuration/option-table.js'
import { currentFolderWith, environmentWith } from '../../../support/folder.js'
import { recordingLogger } from '../../../support/recording-logger.js'

const FILE = 'config/dynamo_session_store.yml'

async function config(options: ConfigOptions = {}) {
  const logger = recordingLogger()
  await configCommand(options, logger)
  return { text: logger.lines.join('\n'), lines: logger.lines, warnings: logger.warnings }
}

describe('dynamo-session config', () => {
  beforeEach(() => environmentWith())

  it('shows every option with its value and source in aligned columns', async () => {
    currentFolderWith({ [FILE]: '# ours\ntable_name: visits\ntags: { team: web }\n' })
    environmentWith({ AWS_DYNAMO_DB_SESSION_MAX_AGE: '3600' })
    const { lines } = await config()
    expect(lines.slice(0, 2)).toEqual([`configuration file: ${FILE}`, ''])
    const rows = lines.slice(2).map((line) => line.split(/ {2,}/))
    expect(rows.map(([name]) => name)).toEqual(['option', ...OPTION_NAMES.map(yamlName)])
    expect(rows).toContainEqual(['table_name', 'visits', `${FILE}:2`])
    expect(rows).toContainEqual(['tags', '{"team":"web"}', `${FILE}:3`])
    expect(rows).toContainEqual(['max_age', '3600', 'ENV AWS_DYNAMO_DB_SESSION_MAX_AGE'])
    expect(rows).toContainEqual(['consistent_read', 'true', 'default'])
    expect(rows).toContainEqual(['max_stale', 'null', 'default'])
    const columns = lines.slice(2).map((line) => /^\S+ +/.exec(line)?.[0].length)
    expect(new Set(columns).size).toBe(1)
  })

  it('prints the same as JSON', async () => {
    currentFolderWith({ [FILE]: 'table_name: visits\ntags: { team: web }\nttl: false' })
    const { text } = await config({ json: true })
    const { options, ...rest } = JSON.parse(text)
    expect(rest).toEqual({ environment: 'development', file: FILE, warnings: [] })
    expect(Object.keys(options)).toEqual(OPTION_NAMES.map(yamlName))
    expect(options.table_name).toEqual({ value: 'visits', source: `${FILE}:1` })
    expect(options.tags).toEqual({ value: { team: 'web' }, source: `${FILE}:2` })
    expect(options.ttl).toEqual({ value: false, source: `${FILE}:3` })
    expect(options.region).toEqual({ value: null, source: 'default' })
  })

  it.each([
    [{ AWS_ENDPOINT_URL: 'http://a' }, { value: 'http://a', source: 'ENV AWS_ENDPOINT_URL' }],
    [
      { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_DYNAMODB: 'http://x:y@b' },
      { value: 'http://b', source: 'ENV AWS_ENDPOINT_URL_DYNAMODB' },
    ],
    [
      { AWS_ENDPOINT_URL: 'http://a', AWS_DYNAMO_DB_SESSION_ENDPOINT: 'http://c' },
      { value: 'http://c', source: 'ENV AWS_DYNAMO_DB_SESSION_ENDPOINT' },
    ],
  ])("shows region and endpoint of AWS's own ENV names, where no option is set: %j", async (variables, endpoint) => {
    currentFolderWith()
    environmentWith({ AWS_REGION: 'eu-west-1', ...variables })
    const { options } = JSON.parse((await config({ json: true })).text)
    expect(options.region).toEqual({ value: 'eu-west-1', source: 'ENV AWS_REGION' })
    expect(options.endpoint).toEqual(endpoint)
  })

  it.each([false, true])('never prints a secret, nor a password in the endpoint (JSON: %s)', async (json) => {
    currentFolderWith({ [FILE]: 'endpoint: https://user:hunter2@db.example' })
    environmentWith({ SECRET_KEY_BASE: 'top-secret' })
    const { text } = await config({ json })
    expect(text).not.toMatch(/top-secret|hunter2/)
    expect(text).toContain('********')
    expect(text).toContain('ENV SECRET_KEY_BASE')
    expect(text).toContain('https://db.example')
  })

  it.each([false, true])('marks an unreadable secret and continues (JSON: %s)', async (json) => {
    currentFolderWith({ [FILE]: 'secret_key: ${NOT_SET}' })
    const { text, lines, warnings } = await config({ json })
    if (json) {
      const problem = expect.stringContaining('the environment variable NOT_SET is not set')
      expect(JSON.parse(text).options.secret_key).toEqual({ value: null, source: `${FILE}:1:13`, problem })
    } else {
      expect(lines).toContainEqual(expect.stringMatching(/^secret_key +\(unreadable, see below\) +config.*:1:13$/))
      expect(warnings).toEqual([expect.stringContaining('the environment variable NOT_SET is not set')])
    }
  })

  it('names the command line as a source, and shows an object of the options module only by its class', async () => {
    const handler = "class Handler { handle() {} constructor() { this.token = 'hidden' } }"
    currentFolderWith({
      'a.mjs': `${handler}\nexport default { errorHandler: new Handler(), maxAge: 60 }`,
      'c.yml': '',
    })
    const { text, lines } = await config({ environment: 'staging', config: 'c.yml', options: 'a.mjs' })
    const rows = lines.map((line) => line.split(/ {2,}/))
    expect(rows).toContainEqual(['environment', 'staging', 'command line'])
    expect(rows).toContainEqual(['config_file', expect.stringMatching(/c\.yml$/), 'command line'])
    expect(rows).toContainEqual(['max_age', '60', 'code'])
    expect(rows).toContainEqual(['error_handler', '(Handler)', 'code'])
    expect(text).not.toContain('hidden')
  })

  it.each([false, true])('shows only whether code sets credentials (JSON: %s)', async (json) => {
    currentFolderWith({
      'a.mjs': `export default { profile: 'shop', credentials: { accessKeyId: 'AKIDHIDDEN', secretAccessKey: 'hidden' } }`,
      'b.mjs': `export default { credentials: async () => ({ accessKeyId: 'AKIDHIDDEN', secretAccessKey: 'hidden' }) }`,
    })
    for (const [options, shown] of [
      ['a.mjs', '(Object)'],
      ['b.mjs', '(AsyncFunction)'],
    ] as const) {
      const { text, lines } = await config({ options, json })
      expect(text).not.toMatch(/hidden/i)
      if (json) expect(JSON.parse(text).options.credentials).toEqual({ value: shown, source: 'code' })
      else expect(lines.map((line) => line.split(/ {2,}/))).toContainEqual(['credentials', shown, 'code'])
    }
  })

  it('shows the word given instead of a function', async () => {
    currentFolderWith({ 'a.mjs': `export default { onConflict: 'reject' }` })
    const { lines } = await config({ options: 'a.mjs' })
    expect(lines.map((line) => line.split(/ {2,}/))).toContainEqual(['on_conflict', 'reject', 'code'])
  })

  it('escapes control characters of a value', async () => {
    currentFolderWith({ [FILE]: 'table_key: "a\\e[31m\\nb"' })
    const { lines } = await config()
    expect(lines).toContainEqual(expect.stringMatching(/^table_key +"a\\u001b\[31m\\nb" /))
  })

  it('prints warnings apart from the table, and inside the JSON', async () => {
    currentFolderWith()
    environmentWith({ AWS_DYNAMO_DB_SESSION_TABL: 'x' })
    const warning = expect.stringContaining('AWS_DYNAMO_DB_SESSION_TABL is not an option')
    expect((await config()).warnings).toEqual([warning])
    expect(JSON.parse((await config({ json: true })).text).warnings).toEqual([warning])
  })

  it('fails with every problem when the configuration is not valid', async () => {
    currentFolderWith({ [FILE]: 'table_nam: x\nmax_age: zero\n' })
    await expect(config()).rejects.toMatchObject({
      problems: [{ place: `${FILE}:1:1` }, { place: `${FILE}:2:10` }],
    })
  })

  it('has a source other than default for each option that ENV sets', async () => {
    currentFolderWith({ 'c.yml': '' })
    const values: Record<string, string> = {
      billing_mode: 'provisioned',
      index_keys: 'user_id,tenant',
      locking: 'none',
      session_id_digest: 'sha256',
      encryption_keys: `k1:${Buffer.alloc(32).toString('base64')}`,
      hash_session_ids: 'false',
      serializer: 'json',
      compress: 'gzip',
      transport: 'sdk',
      tags: 'a=b',
      endpoint: 'http://localhost:1',
      region: 'eu-west-1',
      table_class: 'standard',
      migration_storage: 'knex',
      config_file: 'c.yml',
      table_name: 'abc',
      key_prefix: 'shop:',
    }
    const names = ENV_OPTION_NAMES.map(yamlName)
    environmentWith(
      Object.fromEntries(names.map((name) => [`AWS_DYNAMO_DB_SESSION_${name.toUpperCase()}`, values[name] ?? '1'])),
    )
    const { options } = JSON.parse((await config({ json: true })).text)
    for (const name of names) expect(options[name].source).toBe(`ENV AWS_DYNAMO_DB_SESSION_${name.toUpperCase()}`)
  })
})
