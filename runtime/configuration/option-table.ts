import { ATTRIBUTE_NAMES } from '../session/item/attributes.js'
import { KEY_PATTERN, KEY_RULE } from './encryption-keys.js'
import type { OptionName, Options } from './options.js'
import { TABLE_ARN } from './table-arn.js'

/** Where a value may come from besides code and the default. */
type Origin = 'env' | 'yaml'

interface Common {
  /** What the option does. Names other options as YAML spells them. */
  readonly text: string
  readonly from: readonly Origin[]
  readonly unit?: string
  /** The default in words, where no fixed value is the default. */
  readonly otherwise?: string
  /** The value is never printed. */
  readonly secret?: true
}

interface TextOption extends Common {
  readonly type: 'string' | 'path'
  readonly default: string | undefined
  /** Variable that applies when nothing sets the option. */
  readonly fallbackEnv?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** What `pattern` requires, in words: "must be …". */
  readonly rule?: string
  /** Texts of this pattern are accepted too, of any length. */
  readonly orPattern?: string
  readonly not?: readonly string[]
  /** Code and YAML may also give a list of such texts. */
  readonly orList?: true
}

export interface NumberOption extends Common {
  readonly type: 'integer' | 'number'
  readonly default: number | undefined
  readonly minimum: number
  readonly maximum?: number
}

interface BooleanOption extends Common {
  readonly type: 'boolean'
  readonly default: boolean | undefined
}

interface ChoiceOption extends Common {
  readonly type: 'choice'
  readonly values: readonly string[]
  readonly default: string
  /** Values of the Ruby gem that are refused, and why. */
  readonly refused?: Readonly<Record<string, string>>
}

interface MapOption extends Common {
  readonly type: 'map'
  readonly default: undefined
}

/** A list of texts without duplicates. ENV separates them by commas. */
export interface ListOption extends Common {
  readonly type: 'list'
  readonly default: readonly string[]
  readonly maxItems: number
  readonly maxLength: number
  readonly pattern: string
  /** What `pattern` requires of each text, in words: "must be …". */
  readonly rule: string
  readonly not: readonly string[]
}

export interface ObjectOption extends Common {
  readonly type: 'object'
  readonly default: undefined
  /** Methods that the object must have. Without `methods`, the value may be a function. */
  readonly methods?: readonly string[]
  /** A function may replace the object with `methods`. */
  readonly orFunction?: true
  /** Texts that the object must have. The value may also be a function that returns such an object. */
  readonly texts?: readonly string[]
  /** Words that may replace the object. */
  readonly words?: readonly string[]
}

export type OptionDefinition =
  | TextOption
  | NumberOption
  | BooleanOption
  | ChoiceOption
  | MapOption
  | ListOption
  | ObjectOption

const everywhere = ['env', 'yaml'] as const

/** Node's longest delay in milliseconds: a longer timer fires at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

/**
 * THE table of options. Checks, ENV names, the generated file, the JSON Schema, `dynamo-session config` and docs/configuration.md's
 * table derive from it. Only the interface {@link Options} repeats it, for editors: tests compare the two.
 */
export const OPTIONS = {
  tableName: {
    type: 'string',
    default: 'sessions',
    from: everywhere,
    text: 'Name of the DynamoDB table that holds the sessions, or its ARN if the table belongs to another AWS account.',
    minLength: 3,
    maxLength: 255,
    pattern: '^[A-Za-z0-9_.-]*$',
    rule: 'may contain only letters, digits, "_", "-" and ".", unless it is the ARN of a table',
    orPattern: TABLE_ARN.source,
  },
  tableKey: {
    type: 'string',
    default: 'session_id',
    from: everywhere,
    text: "Name of the table's partition key, the attribute that holds the session id.",
    minLength: 1,
    maxLength: 255,
    not: ATTRIBUTE_NAMES,
  },
  keyPrefix: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: "Text before each session id in the table's key, ending in a colon: shop:. Set it when several applications share a table.",
    maxLength: 255,
    pattern: '^[^\\s\\x00-\\x1f\\x7f-\\x9f]+:$',
    rule: 'must be text without spaces that ends in a colon, such as "shop:"',
    otherwise: 'none: every session in the table belongs to this application',
  },
  secretKey: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'Secret that signs session ids. In a list, the first secret signs, and all secrets verify. In the file, write ${VARIABLE}.',
    minLength: 1,
    orList: true,
    otherwise: 'ENV SECRET_KEY_BASE if set',
    fallbackEnv: 'SECRET_KEY_BASE',
    secret: true,
  },
  consistentRead: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: 'Use strongly consistent reads. Eventually consistent reads cost half, but may miss a session that was just saved.',
  },
  billingMode: {
    type: 'choice',
    values: ['pay_per_request', 'provisioned'],
    default: 'pay_per_request',
    from: everywhere,
    text: 'How AWS bills the table. If not set, setting read_capacity or write_capacity selects provisioned.',
  },
  readCapacity: {
    type: 'integer',
    default: 10,
    minimum: 1,
    unit: 'read capacity units',
    from: everywhere,
    text: 'Provisioned read capacity of the table. Used when billing_mode is provisioned.',
  },
  writeCapacity: {
    type: 'integer',
    default: 5,
    minimum: 1,
    unit: 'write capacity units',
    from: everywhere,
    text: 'Provisioned write capacity of the table. Used when billing_mode is provisioned.',
  },
  maxReadRequestUnits: {
    type: 'integer',
    default: 0,
    minimum: 0,
    unit: 'read request units a second',
    from: everywhere,
    text: 'Maximum reads per second, which limits the cost of the table. 0: no maximum. Used when billing_mode is pay_per_request.',
  },
  maxWriteRequestUnits: {
    type: 'integer',
    default: 0,
    minimum: 0,
    unit: 'write request units a second',
    from: everywhere,
    text: 'Maximum writes per second, which limits the cost of the table. 0: no maximum. Used when billing_mode is pay_per_request.',
  },
  warmReadUnits: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'read units a second',
    from: everywhere,
    text: 'Reads per second that the table can serve at any moment (warm throughput). AWS charges for an increase, and never lowers it.',
    otherwise: 'what DynamoDB provides',
  },
  warmWriteUnits: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'write units a second',
    from: everywhere,
    text: 'Writes per second that the table can serve at any moment (warm throughput). AWS charges for an increase, and never lowers it.',
    otherwise: 'what DynamoDB provides',
  },
  raiseErrors: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'Throw errors of loading and touching a session, instead of passing them to the error handler.',
  },
  maxAge: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'seconds',
    from: everywhere,
    text: 'Seconds after which a session expires, even if it is used.',
    otherwise: 'sessions do not expire by age',
  },
  maxStale: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'seconds',
    from: everywhere,
    text: 'Seconds of inactivity after which a session expires.',
    otherwise: 'sessions do not expire by inactivity',
  },
  touchInterval: {
    type: 'integer',
    default: 60,
    minimum: 0,
    unit: 'seconds',
    from: everywhere,
    text: "Minimum seconds between writes that only extend an unchanged session. Capped at a tenth of the session's lifetime.",
  },
  locking: {
    type: 'choice',
    values: ['none', 'optimistic', 'pessimistic'],
    default: 'optimistic',
    from: everywhere,
    text: 'How requests that change a session at the same time are handled. none: the last write wins. optimistic: their changes are merged. pessimistic: one request waits for the other.',
  },
  enableLocking: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'Option of the Ruby gem: true means locking pessimistic, an explicit false means none. The option locking wins.',
  },
  lockExpiryTime: {
    type: 'integer',
    default: 500,
    minimum: 1,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Milliseconds after which another request may take over a lock.',
  },
  lockRetryDelay: {
    type: 'integer',
    default: 500,
    minimum: 1,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest pause between two attempts to get a lock, in milliseconds.',
  },
  lockMaxWaitTime: {
    type: 'number',
    default: 1,
    minimum: 0,
    unit: 'seconds',
    from: everywhere,
    text: 'Seconds that a request waits for a lock before it fails.',
  },
  sessionIdDigest: {
    type: 'choice',
    values: ['sha256', 'md5'],
    default: 'sha256',
    from: everywhere,
    text: 'Digest that signs session ids. The Ruby gem uses md5.',
  },
  hashSessionIds: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: "Store only the SHA-256 of each session id, so that the table holds no usable cookie. A change of this option ends all stored sessions. Always false with session_id_digest md5, because Rails can't find hashed ids.",
  },
  serializer: {
    type: 'choice',
    values: ['json', 'json_allow_marshal'],
    default: 'json',
    refused: {
      marshal:
        'Marshal holds Ruby objects, which only Ruby can write; json_allow_marshal reads Marshal and writes JSON',
    },
    from: everywhere,
    text: "Format of stored session data. json_allow_marshal writes JSON and also reads a Rails application's Marshal sessions.",
  },
  compress: {
    type: 'choice',
    values: ['none', 'gzip', 'brotli'],
    default: 'none',
    from: everywhere,
    text: 'How session data is compressed when it is written. Reads accept every form. The Ruby gem reads only none.',
  },
  compressThreshold: {
    type: 'integer',
    default: 1024,
    minimum: 0,
    unit: 'bytes',
    from: everywhere,
    text: 'Smallest JSON that is compressed, in bytes.',
  },
  encryptionKeys: {
    type: 'list',
    default: [],
    from: everywhere,
    text: "Keys that encrypt session data, each an id, a colon and 32 bytes in base64. The first key encrypts, all keys decrypt. In the file, write ${VARIABLE}. The Ruby gem can't read encrypted sessions.",
    maxItems: 20,
    maxLength: 80,
    pattern: KEY_PATTERN,
    rule: KEY_RULE,
    not: [],
    otherwise: 'none: sessions are not encrypted',
    secret: true,
  },
  acceptPlainData: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'Also read sessions that are not encrypted, while a table moves to encryption_keys. Saves always encrypt.',
  },
  ttl: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: "Switch on DynamoDB's Time to Live for expire_at when the table is created.",
  },
  indexKeys: {
    type: 'list',
    default: [],
    from: everywhere,
    text: 'Session keys by which all sessions of a user can be found, such as user_id or user.id. Each key gets an attribute and an index.',
    maxItems: 20,
    maxLength: 249,
    pattern: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$',
    rule: 'must be the name of a session key: letters, digits, "_" and "-", with a dot before each nested key',
    not: ATTRIBUTE_NAMES,
    otherwise: 'none',
  },
  maxSessions: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'sessions',
    from: everywhere,
    text: 'Maximum number of sessions of a user. A sign-in beyond it ends the oldest session. The first of index_keys names the user.',
    otherwise: 'no limit',
  },
  region: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'AWS region of the table.',
    minLength: 1,
    pattern: '^[A-Za-z0-9-]+$',
    rule: 'must be the name of a region, such as eu-central-1',
    otherwise: 'what the AWS SDK finds (AWS_REGION, profile …)',
  },
  endpoint: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'URL of DynamoDB. Set it for a local DynamoDB or a VPC endpoint.',
    pattern: '^https?://[^\\s/]+',
    rule: 'must be a URL, such as http://localhost:8000',
    otherwise: 'what the AWS SDK finds (AWS_ENDPOINT_URL_DYNAMODB, the region …)',
  },
  transport: {
    type: 'choice',
    values: ['lean', 'sdk'],
    default: 'lean',
    from: everywhere,
    text: 'What sends the requests. lean: this package where possible, with far less CPU time. sdk: the AWS SDK.',
  },
  batchReads: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: 'Combine reads of sessions at the same moment into one BatchGetItem. Needs transport lean.',
  },
  requestTimeout: {
    type: 'integer',
    default: 5000,
    minimum: 1,
    maximum: LONGEST_TIMEOUT,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest time of a request to DynamoDB, in milliseconds. It includes the wait for a connection, all attempts and the pauses between them.',
  },
  attemptTimeout: {
    type: 'integer',
    default: 2000,
    minimum: 1,
    maximum: LONGEST_TIMEOUT,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest time of one attempt of a request, in milliseconds. Also bounded by request_timeout.',
  },
  connectTimeout: {
    type: 'integer',
    default: 1500,
    minimum: 1,
    maximum: LONGEST_TIMEOUT,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest time to open a connection to DynamoDB, in milliseconds. Also bounded by attempt_timeout.',
  },
  maxConnections: {
    type: 'integer',
    default: 50,
    minimum: 1,
    unit: 'connections',
    from: everywhere,
    text: 'Maximum number of connections to DynamoDB that a store has open at a time.',
  },
  tags: {
    type: 'map',
    default: undefined,
    from: everywhere,
    text: 'Tags of the table, set when it is created.',
    otherwise: 'no tags',
  },
  deletionProtection: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'Create the table with deletion protection.',
  },
  pointInTimeRecovery: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'Switch on point-in-time recovery (continuous backups) when the table is created.',
  },
  pointInTimeRecoveryDays: {
    type: 'integer',
    default: 35,
    minimum: 1,
    maximum: 35,
    unit: 'days',
    from: everywhere,
    text: 'Days for which point-in-time recovery keeps backups. Used when point_in_time_recovery is true.',
  },
  kmsKeyId: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'KMS key (id, ARN or alias) that encrypts the table; none: a key owned by DynamoDB.',
    minLength: 1,
    otherwise: 'a key owned by DynamoDB',
  },
  tableClass: {
    type: 'choice',
    values: ['standard', 'standard_infrequent_access'],
    default: 'standard',
    from: everywhere,
    text: 'Storage class of the table.',
  },
  manageTable: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: 'Create, change and delete the table. false: only verify it, because CloudFormation, Terraform or another account owns it.',
  },
  migrationsDir: {
    type: 'path',
    default: 'migrations',
    from: everywhere,
    text: 'Folder of the migrations, for the generator and for npx umzug.',
    minLength: 1,
  },
  migrationStorage: {
    type: 'choice',
    values: ['auto', 'knex', 'dynamodb'],
    default: 'auto',
    from: everywhere,
    text: 'Where npx umzug stores the names of executed migrations. auto: knex if there is a knexfile, else dynamodb.',
  },
  configFile: {
    type: 'path',
    default: undefined,
    from: ['env'],
    text: 'The configuration file to read.',
    minLength: 1,
    otherwise: 'config/dynamo_session_store/<environment>.yml, else config/dynamo_session_store.yml',
  },
  environment: {
    type: 'string',
    default: undefined,
    from: [],
    text: 'Name of the environment. It selects the configuration file and the section of the knexfile.',
    otherwise: 'ENV NODE_ENV, else development',
  },
  root: {
    type: 'path',
    default: undefined,
    from: [],
    text: 'Folder that relative paths start from.',
    minLength: 1,
    otherwise: 'the current folder',
  },
  client: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['send'],
    text: 'Your own DynamoDBClient. Requests are then slower, and reads are not batched.',
    otherwise: 'built from the other options',
  },
  credentials: {
    type: 'object',
    default: undefined,
    from: [],
    texts: ['accessKeyId', 'secretAccessKey'],
    text: 'AWS credentials, or an async function that returns them.',
    otherwise: 'what the AWS SDK finds',
    secret: true,
  },
  profile: {
    type: 'string',
    default: undefined,
    from: [],
    minLength: 1,
    text: 'Name of a profile in the AWS configuration files.',
    otherwise: 'ENV AWS_PROFILE, else default',
  },
  maxAttempts: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'attempts',
    from: [],
    text: 'Maximum number of attempts of a request. All attempts must fit into request_timeout.',
    otherwise: 'what the AWS SDK finds (AWS_MAX_ATTEMPTS …), else 4',
  },
  requestHandler: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['handle'],
    text: 'Request handler of the AWS SDK, for example for a proxy. The AWS SDK then sends all requests.',
  },
  logger: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['debug', 'info', 'warn', 'error'],
    text: "Logger for the AWS SDK's requests. The AWS SDK then sends all requests.",
  },
  encryption: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['keys'],
    text: 'Loads the encryption keys when they are needed, for example from AWS KMS. Replaces encryption_keys.',
  },
  errorHandler: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['handle'],
    orFunction: true,
    text: 'Receives the errors that are not raised: a function (error, context), or an object with handle(error, context).',
    otherwise: 'one that writes a line to standard error',
  },
  describe: {
    type: 'object',
    default: undefined,
    from: [],
    text: 'A function of the request that returns what to record of the client. Called when a session is created or gets another id.',
    otherwise: 'nothing is recorded',
  },
  onConflict: {
    type: 'object',
    default: undefined,
    from: [],
    words: ['merge', 'reject'],
    text: 'What optimistic locking does when another request changed the session: merge, reject, or a function ({ base, ours, theirs }) => data.',
    otherwise: 'merge',
  },
} as const satisfies Record<OptionName, OptionDefinition>

type Table = typeof OPTIONS

/** Options that have no effect beside {@link OPTIONS.client}: the application's client has its own. */
export const CLIENT_SETTINGS = ['credentials', 'profile', 'maxAttempts', 'requestHandler', 'logger'] as const

/** Resolved options. An option with a default always has a value. */
export type ResolvedOptions = {
  readonly [N in OptionName]: Table[N]['default'] extends undefined
    ? NonNullable<Options[N]> | undefined
    : NonNullable<Options[N]>
}

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

export function definitionOf(name: OptionName): OptionDefinition {
  return OPTIONS[name]
}

/** `tableName` → `table_name` */
export function yamlName(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export const ENV_PREFIX = 'AWS_DYNAMO_DB_SESSION_'

/** `tableName` → `AWS_DYNAMO_DB_SESSION_TABLE_NAME` */
export function envName(name: OptionName): string {
  return `${ENV_PREFIX}${yamlName(name).toUpperCase()}`
}

export const ENV_OPTION_NAMES = OPTION_NAMES.filter((name) => definitionOf(name).from.includes('env'))
export const YAML_OPTION_NAMES = OPTION_NAMES.filter((name) => definitionOf(name).from.includes('yaml'))

/** Path of the configuration file in the application's folder, with `/`. */
export function configurationPath(environment?: string): string {
  return environment ? `config/dynamo_session_store/${environment}.yml` : 'config/dynamo_session_store.yml'
}

/** Why a text can't name an environment, which becomes the name of a file. Undefined when it can. */
export function environmentProblem(environment: string): string | undefined {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_. -]*$/u.test(environment) && !environment.includes('..')) return undefined
  return `${JSON.stringify(environment)} can't be the name of an environment: use letters, digits, spaces, "_", "-" and "."`
}
