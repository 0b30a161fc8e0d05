import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { inspect } from 'node:util'
import { ConfigurationError, type Problem } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { checkValue } from './check-value.js'
import { didYouMean } from './did-you-mean.js'
import { KEYS_LIFETIME, keyIdOf, repeatedId } from './encryption-keys.js'
import { readEnvironment } from './env-origin.js'
import { fileOfProgram } from './file-of-program.js'
import { pointer, type Spelling } from './foreign-options.js'
import {
  CLIENT_SETTINGS,
  configurationPath,
  definitionOf,
  environmentProblem,
  envName,
  OPTION_NAMES,
  type ResolvedOptions,
  YAML_OPTION_NAMES,
  yamlName,
} from './option-table.js'
import { isSecret, valueText, withoutPassword } from './option-text.js'
import type { OptionName, Options } from './options.js'
import { overAmbient } from './options-in-migrations.js'
import type { DeferredProblem, Origin } from './origin.js'
import { tableArn } from './table-arn.js'
import { type FileOrigin, readYaml } from './yaml-origin.js'

/** Every option with its value and its source. Printing a configuration never shows a secret. */
export type Configuration = ResolvedOptions & ConfigurationFacts

interface ConfigurationFacts {
  readonly environment: string
  /** Absolute path of the folder that relative paths start from. */
  readonly root: string
  /** Path of the configuration file, relative to `root` if inside. Undefined: there is none. */
  readonly file: string | undefined
  /** `code`, `ENV AWS_DYNAMO_DB_SESSION_…`, `config/dynamo_session_store.yml:12` or `default`. */
  readonly sources: Readonly<Record<OptionName, string>>
  /** Probable mistakes that are not errors, such as an ENV name that is not an option. */
  readonly warnings: readonly string[]
  /** Problems of secrets. They stop only callers of {@link assertSecretsReadable}. */
  readonly deferredProblems: readonly DeferredProblem[]
  /** The options without objects such as `client`, secrets masked. */
  toJSON(): Record<string, unknown>
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Looks up every option: code > ENV > YAML file > default. Inside a migration, the options of its umzug complete those
 * given in code.
 *
 * @param given the options given in code, names in camelCase
 * @param env the environment variables
 * @throws {ConfigurationError} with every mistake and its place
 */
export function resolveConfiguration(given: Options = {}, env: Environment = process.env): Configuration {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError([{ place: 'options', text: 'must be an object, such as { tableName: "sessions" }' }])
  }
  if (given instanceof ResolvedConfiguration) return given as unknown as Configuration
  const options = overAmbient(given)
  const code = readCode(options)
  const variables = readEnvironment(env)
  const root = resolve(typeof options.root === 'string' ? options.root : '.')
  const { environment, place } = environmentOf(options, env)
  const wrongEnvironment = environmentProblem(environment)
  const file = wrongEnvironment
    ? { ...nothing, problems: [{ place, text: wrongEnvironment }], path: undefined }
    : readFile(root, environment, firstOf('configFile', [code, variables]), env, [code, variables])
  const origins = [code, variables, file]
  const misnamed = [...(variables.misnamed ?? [])].filter(([name]) => firstOf(name, origins) === undefined)
  const problems = [...origins.flatMap((origin) => origin.problems), ...misnamed.map(([, problem]) => problem)]
  if (problems.length > 0) throw new ConfigurationError(problems)
  const configuration = new ResolvedConfiguration(
    origins,
    {
      environment,
      root,
      file: file.path,
      warnings: origins.flatMap((origin) => origin.warnings),
      deferredProblems: file.deferred.filter(({ option }) => firstOf(option, origins) === undefined),
    },
    env,
  ) as unknown as Configuration
  assertIndexableKeys(configuration)
  assertLimitedByKey(configuration)
  assertFoundByRails(configuration)
  assertEncryption(configuration)
  assertRegionOfTable(configuration, env)
  return configuration
}

/** A copy of the configuration with other values of some options. */
export function withValues(configuration: Configuration, values: Partial<ResolvedOptions>): Configuration {
  return Object.assign(Object.create(Object.getPrototypeOf(configuration)), configuration, values)
}

const ENCRYPTION_MEMBERS = ['keys', 'lifetime']

/** Refuses the table's key in `index_keys`: a save can't write that key, and the key can't have a second index. */
function assertIndexableKeys({ indexKeys, tableKey, sources }: Configuration): void {
  if (!indexKeys.includes(tableKey)) return
  const [place, spelled] = placeOf('indexKeys', sources)
  const text =
    `can't hold "${tableKey}", the table's key (${spelled('tableKey')}: ${sources.tableKey}); ` +
    'give the key of the session another name'
  throw new ConfigurationError([{ place, text }])
}

/** `max_sessions` needs an index, because only an index can count the sessions of a user. */
function assertLimitedByKey({ maxSessions, indexKeys, sources }: Configuration): void {
  if (maxSessions === undefined || indexKeys.length > 0) return
  const [place, spelled] = placeOf('maxSessions', sources)
  const keys = spelled('indexKeys')
  const text = `needs ${keys}, whose first key names the user; set ${keys}, for example to a list with user_id`
  throw new ConfigurationError([{ place, text }])
}

/** `session_id_digest: md5` means that Rails shares the table. Rails looks for sessions by their ids. */
function assertFoundByRails({ hashSessionIds, sessionIdDigest, sources }: Configuration): void {
  if (!hashSessionIds || sessionIdDigest !== 'md5') return
  const [place, spelled] = placeOf('hashSessionIds', sources)
  const digest = `${spelled('sessionIdDigest')} md5 (${sources.sessionIdDigest})`
  const text = `must not be true beside ${digest}, because Rails can't find hashed ids; leave one of the two out`
  throw new ConfigurationError([{ place, text }])
}

/** Requires one source of keys, different ids, and a table that no Rails application shares. */
function assertEncryption({ encryption, encryptionKeys, sessionIdDigest, sources }: Configuration): void {
  const isListed = sources.encryptionKeys !== 'default'
  if (!isListed && !encryption) return
  const [place, spelled] = placeOf(isListed ? 'encryptionKeys' : 'encryption', sources)
  const refuse = (text: string) => {
    throw new ConfigurationError([{ place, text }])
  }
  if (isListed && encryption) refuse('has no effect beside the option encryption; leave one of the two out')
  if (isListed && encryptionKeys.length === 0) refuse('must not be an empty list; add a key, or leave the option out')
  const twice = repeatedId(encryptionKeys.map(keyIdOf))
  if (twice !== undefined) refuse(`has the id "${twice}" twice; give each key its own id`)
  const { lifetime = KEYS_LIFETIME } = encryption ?? {}
  const unknown = Object.keys(encryption ?? {}).find((name) => !ENCRYPTION_MEMBERS.includes(name))
  if (unknown !== undefined && isPlainObject(encryption)) {
    refuse(`${fitForLine(unknown)} is unknown${didYouMean(unknown, ENCRYPTION_MEMBERS) || '; remove it'}`)
  }
  if (!(lifetime > 0)) refuse('lifetime must be a number of seconds above 0')
  if (sessionIdDigest !== 'md5') return
  const digest = `${spelled('sessionIdDigest')} md5 (${sources.sessionIdDigest})`
  refuse(`can't be set beside ${digest}, because the Ruby gem can't read encrypted sessions; leave one of the two out`)
}

/** Instances of classes may have other members. */
function isPlainObject(value: unknown): boolean {
  return [Object.prototype, null].includes(Object.getPrototypeOf(value))
}

/**
 * Refuses `accept_plain_data` without keys, for a store. Commands may lack the keys, because code can give them to the
 * store only.
 *
 * @throws {ConfigurationError}
 */
export function assertKeysBesidePlainData({
  acceptPlainData,
  encryption,
  encryptionKeys,
  sources,
}: Configuration): void {
  if (!acceptPlainData || encryption || encryptionKeys.length > 0) return
  const [place, spelled] = placeOf('acceptPlainData', sources)
  const text = `has no effect without keys, so sessions are not encrypted; set ${spelled('encryptionKeys')}, or leave it out`
  throw new ConfigurationError([{ place, text }])
}

/** Refuses another region than the ARN's. A region's endpoint serves only its own tables, even by ARN. */
function assertRegionOfTable({ tableName, region, client, sources }: Configuration, env: Environment): void {
  const arn = tableArn(tableName)
  if (!arn) return
  const own = sources.region === `${sources.tableName} (${yamlName('tableName')})`
  const [found, place] = own && !client ? [env.AWS_REGION, 'ENV AWS_REGION'] : [region, placeOf('region', sources)[0]]
  if (!found || found === arn.region) return
  const text = `is ${found}, but table_name (${sources.tableName}) is the ARN of a table in ${arn.region}; set it to ${arn.region}`
  throw new ConfigurationError([{ place, text }])
}

/** The place of an option that is set, and how the place spells other options. */
export function placeOf(name: OptionName, sources: Configuration['sources']): [string, Spelling] {
  const source = sources[name]
  if (source === 'code') return [`option ${name}`, inCode]
  return source.startsWith('ENV ') ? [source, envName] : [`${source}: ${yamlName(name)}`, yamlName]
}

/**
 * Makes sure that secrets can be used. Stores and `doctor` need all of them, searches the encryption keys, and other callers
 * none.
 *
 * @param names the options that the caller needs
 * @throws {ConfigurationError} when one of them names a variable that is not set
 */
export function assertSecretsReadable(
  { deferredProblems }: Configuration,
  names: readonly OptionName[] = OPTION_NAMES,
): void {
  const problems = deferredProblems.filter(({ option }) => names.includes(option))
  if (problems.length > 0) throw new ConfigurationError(problems)
}

/** Whether the environment is production: that of the configuration, or `NODE_ENV`. */
export function isProduction({ environment }: Pick<Configuration, 'environment'>): boolean {
  return environment === 'production' || process.env.NODE_ENV === 'production'
}

class ResolvedConfiguration {
  constructor(origins: readonly Origin[], facts: Omit<ConfigurationFacts, 'sources' | 'toJSON'>, env: Environment) {
    const sources: Partial<Record<OptionName, string>> = {}
    const values: Record<string, unknown> = {}
    for (const name of OPTION_NAMES) {
      const { value, source } = firstOf(name, origins) ?? fallback(name, env)
      values[name] = value
      sources[name] = source
    }
    const capacity = (['readCapacity', 'writeCapacity'] as const).find((name) => sources[name] !== 'default')
    if (capacity && sources.billingMode === 'default') {
      values.billingMode = 'provisioned'
      sources.billingMode = `${sources[capacity]} (${yamlName(capacity)})`
    }
    if (sources.enableLocking !== 'default' && sources.locking === 'default') {
      values.locking = values.enableLocking ? 'pessimistic' : 'none'
      sources.locking = `${sources.enableLocking} (${yamlName('enableLocking')})`
    }
    if (values.sessionIdDigest === 'md5' && sources.hashSessionIds === 'default') {
      values.hashSessionIds = false
      sources.hashSessionIds = `${sources.sessionIdDigest} (${yamlName('sessionIdDigest')})`
    }
    const arn = tableArn(String(values.tableName))
    if (arn && sources.region === 'default') {
      values.region = arn.region
      sources.region = `${sources.tableName} (${yamlName('tableName')})`
    }
    if (arn && sources.manageTable === 'default') {
      values.manageTable = false
      sources.manageTable = `${sources.tableName} (${yamlName('tableName')} is an ARN)`
    }
    if (sources.environment === 'default' && env.NODE_ENV) sources.environment = 'ENV NODE_ENV'
    Object.assign(this, values, facts, { sources })
  }

  toJSON(): Record<string, unknown> {
    const shown = OPTION_NAMES.filter((name) => definitionOf(name).type !== 'object')
    const self = this as unknown as Configuration
    return Object.fromEntries(shown.map((name) => [name, printable(name, self[name])]))
  }

  [inspect.custom](): unknown {
    return this.toJSON()
  }
}

function printable(name: OptionName, value: unknown): unknown {
  if (isSecret(name, value) && value !== undefined) return valueText(name, value)
  return typeof value === 'string' ? withoutPassword(value) : value
}

const nothing: FileOrigin = { values: new Map(), problems: [], warnings: [], deferred: [] }

const inCode: Spelling = (name) => name

function readCode(options: Options): Origin {
  const values = new Map<OptionName, { value: unknown; source: string }>()
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(options)) {
    const name = OPTION_NAMES.find((candidate) => candidate === key)
    if (!name) {
      const meant = OPTION_NAMES.find((candidate) => yamlName(candidate) === key)
      const hint = meant ? `; did you mean "${meant}"?` : pointer(key, inCode) || didYouMean(key, OPTION_NAMES)
      problems.push({ place: `option ${key}`, text: `is not an option of dynamo-session-store${hint}` })
    } else if (value !== undefined && value !== null) {
      const checked = checkValue(name, value)
      if ('problem' in checked) problems.push({ place: `option ${key}`, text: checked.problem + pointer(key, inCode) })
      else values.set(name, { value: checked.value, source: 'code' })
    }
  }
  return { values, problems: [...problems, ...clientProblems(values)], warnings: [] }
}

/** `region` and `endpoint` are allowed beside a client: ENV and the file set them for other programs too. */
function clientProblems(values: Origin['values']): Problem[] {
  if (!values.has('client')) return []
  const text = 'has no effect beside the option client; set it when you make that client, or leave client out'
  return CLIENT_SETTINGS.filter((name) => values.has(name)).map((name) => ({ place: `option ${name}`, text }))
}

function environmentOf(options: Options, env: Environment): { environment: string; place: string } {
  if (typeof options.environment === 'string') return { environment: options.environment, place: 'option environment' }
  return { environment: env.NODE_ENV || 'development', place: 'ENV NODE_ENV' }
}

function readFile(
  root: string,
  environment: string,
  given: { value: unknown; source: string } | undefined,
  env: Environment,
  others: readonly Origin[],
): FileOrigin & { path: string | undefined } {
  const candidates = given ? [String(given.value)] : [configurationPath(environment), configurationPath()]
  for (const candidate of candidates) {
    const absolute = resolve(root, candidate)
    const inside = relative(root, absolute).replaceAll('\\', '/')
    const path = inside.startsWith('..') ? absolute : inside
    const place = given ? `${given.source === 'code' ? 'option configFile' : given.source}: ${path}` : path
    let text: string
    try {
      text = readFileSync(absolute, 'utf8')
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const absent = code === 'ENOENT' || code === 'ENOTDIR'
      if (absent && !given) continue
      const problem = { place, text: absent ? 'there is no such file' : `can't be read: ${message}` }
      return { ...nothing, problems: [problem], path }
    }
    return { ...readYaml(text, path, env), path }
  }
  const isThere = (path: string) => existsSync(resolve(root, path))
  const overlooked = candidates.map((candidate) => candidate.replace(/yml$/, 'yaml')).filter(isThere)
  const warnings = overlooked.map((path) => `${path} is not read: its name must end in .yml`)
  const found = candidates.map(gemPath).filter(isThere).map(gemProblem)
  // The gem's file may belong to a Rails application in the same folder, while this application needs no file.
  const isConfigured = others.some(isConfiguring) || isThere(dirname(configurationPath(environment)))
  if (isConfigured) warnings.push(...found.map(({ place, text }) => `${place} ${text}`))
  const problems = isConfigured ? [] : found
  // The options of a file that was not found, such as encryption_keys, would silently not apply.
  const missed = root === process.cwd() ? fileOfProgram(process.argv[1], candidates) : undefined
  if (missed) problems.push(missedProblem(missed, root))
  return { ...nothing, problems, warnings, path: undefined }
}

/** Whether ENV or code sets an option that could stand in the file. */
function isConfiguring({ values }: Origin): boolean {
  return [...values.keys()].some((name) => YAML_OPTION_NAMES.includes(name))
}

/** The path of the Ruby gem's file that corresponds to our file. */
function gemPath(candidate: string): string {
  return candidate.replace('config/dynamo_', 'config/aws_dynamo_db_')
}

function gemProblem(path: string): Problem {
  const own = path.replace('config/aws_dynamo_db_', 'config/dynamo_')
  const text = `is the Ruby gem's file, which is not read here: copy it to ${own}, or set ${envName('configFile')} to its path`
  return { place: path, text }
}

function missedProblem({ path, folder }: { path: string; folder: string }, root: string): Problem {
  const text =
    `was not read, because this process was started in ${root}; start it in ${folder} ` +
    `(systemd: WorkingDirectory=), or set ${envName('configFile')} to this file`
  return { place: path, text }
}

function firstOf(name: OptionName, origins: readonly Origin[]): { value: unknown; source: string } | undefined {
  return origins.map((origin) => origin.values.get(name)).find((found) => found !== undefined)
}

function fallback(name: OptionName, env: Environment): { value: unknown; source: string } {
  const definition = definitionOf(name)
  const variable = 'fallbackEnv' in definition ? definition.fallbackEnv : undefined
  const text = variable ? env[variable] : undefined
  return text ? { value: text, source: `ENV ${variable}` } : { value: definition.default, source: 'default' }
}
