import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { ATTRIBUTE_NAMES } from '../session/item/attributes.js'

/** Receives the errors that a store does not pass on to the application (see `raise_errors`). */
export interface ErrorHandler {
  handle(error: Error, context: ErrorContext): void
}

export interface ErrorContext {
  /** What the store was doing: `get`, `touch` … */
  readonly operation: string
  /** First 16 hex digits of the SHA-256 of the session id: tells sessions apart without giving one away. */
  readonly sessionIdHash?: string
}

/** Where a value can come from besides the defaults. `code` is always possible. */
type Origin = 'env' | 'yaml'

interface Common {
  /** One or two sentences for people: generated file, README, JSON Schema, `dynamo-session config`. */
  readonly text: string
  readonly from: readonly Origin[]
  readonly unit?: string
  /** What applies when nothing is set and there is no fixed default. */
  readonly otherwise?: string
  /** Its value is never printed. */
  readonly secret?: true
}

interface TextOption extends Common {
  readonly type: 'string' | 'path'
  readonly default: string | undefined
  /** ENV name read when the option is not set in any other way. */
  readonly fallbackEnv?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** What `pattern` demands, in words: "must be …". */
  readonly rule?: string
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
  /** Values that a reader of the gem's documentation may try, and why they are refused. */
  readonly refused?: Readonly<Record<string, string>>
}

interface MapOption extends Common {
  readonly type: 'map'
  readonly default: undefined
}

/** Texts, each at most once: in YAML a list, in ENV separated by commas. */
export interface ListOption extends Common {
  readonly type: 'list'
  readonly default: readonly string[]
  readonly maxItems: number
  readonly maxLength: number
  readonly pattern: string
  /** What `pattern` demands of each text, in words: "must be …". */
  readonly rule: string
  readonly not: readonly string[]
}

export interface ObjectOption extends Common {
  readonly type: 'object'
  readonly default: undefined
  /** Methods that the object must have. Without `methods`, the value may be a function. */
  readonly methods?: readonly string[]
  /** Texts that the object must have. The value may also be a function that returns such an object. */
  readonly texts?: readonly string[]
  /** Words that may stand in place of the object. */
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

/** Node's longest delay: a longer timer fires at once. Milliseconds. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

/**
 * THE table of options. Everything that knows an option derives from it: the types, the ENV names, the checks of YAML
 * and code, the generated configuration file, the JSON Schema, `dynamo-session config` and the README's table.
 */
export const OPTIONS = {
  tableName: {
    type: 'string',
    default: 'sessions',
    from: everywhere,
    text: 'Name of the DynamoDB table that holds the sessions.',
    minLength: 3,
    maxLength: 255,
    pattern: '^[A-Za-z0-9_.-]*$',
    rule: 'may contain only letters, digits, "_", "-" and "."',
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
    text: "Prefix of every session id in the table's key, such as shop: (with the colon). For tables that several applications share.",
    maxLength: 255,
    pattern: '^[^\\s\\x00-\\x1f\\x7f]+:$',
    rule: 'must be text without spaces that ends in a colon, such as "shop:"',
    otherwise: "none, every session in the table counts as this application's",
  },
  secretKey: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'Secret that signs session ids; in a list the first signs and all verify. Keep it out of the file: ${VARIABLE}.',
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
    text: 'Strongly consistent reads. Eventually consistent ones cost half, but may miss a session that was just saved.',
  },
  billingMode: {
    type: 'choice',
    values: ['pay_per_request', 'provisioned'],
    default: 'pay_per_request',
    from: everywhere,
    text: 'How the table is paid for. When it is not set, a capacity below makes it provisioned.',
  },
  readCapacity: {
    type: 'integer',
    default: 10,
    minimum: 1,
    unit: 'read capacity units',
    from: everywhere,
    text: 'Provisioned read capacity of the table, used when billing_mode is provisioned.',
  },
  writeCapacity: {
    type: 'integer',
    default: 5,
    minimum: 1,
    unit: 'write capacity units',
    from: everywhere,
    text: 'Provisioned write capacity of the table, used when billing_mode is provisioned.',
  },
  raiseErrors: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'Pass errors of reading and touching a session on to the application instead of to the error handler.',
  },
  maxAge: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'seconds',
    from: everywhere,
    text: 'A session dies this long after it was created.',
    otherwise: 'sessions do not expire by age',
  },
  maxStale: {
    type: 'integer',
    default: undefined,
    minimum: 1,
    unit: 'seconds',
    from: everywhere,
    text: 'A session dies when it was not used for this long.',
    otherwise: 'sessions do not expire by disuse',
  },
  touchInterval: {
    type: 'integer',
    default: 60,
    minimum: 0,
    unit: 'seconds',
    from: everywhere,
    text: 'A session that was not changed is renewed only when its last write is this old (or a tenth of its lifetime).',
  },
  locking: {
    type: 'choice',
    values: ['none', 'optimistic', 'pessimistic'],
    default: 'optimistic',
    from: everywhere,
    text: 'What happens to a session that several requests change: last write wins, changes are merged, or one waits.',
  },
  enableLocking: {
    type: 'boolean',
    default: false,
    from: everywhere,
    text: 'As in the Ruby gem: true means locking pessimistic, an explicit false means none; locking wins over it.',
  },
  lockExpiryTime: {
    type: 'integer',
    default: 500,
    minimum: 1,
    unit: 'milliseconds',
    from: everywhere,
    text: 'After this time a lock counts as left behind and may be taken over.',
  },
  lockRetryDelay: {
    type: 'integer',
    default: 500,
    minimum: 1,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest pause between two attempts to get a lock.',
  },
  lockMaxWaitTime: {
    type: 'number',
    default: 1,
    minimum: 0,
    unit: 'seconds',
    from: everywhere,
    text: 'How long a request waits for a lock before it fails.',
  },
  sessionIdDigest: {
    type: 'choice',
    values: ['sha256', 'md5'],
    default: 'sha256',
    from: everywhere,
    text: 'Digest of signed session ids; md5 is the one of the Ruby gem.',
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
    text: "How session data is stored: as JSON. json_allow_marshal also reads a Rails application's old Marshal sessions.",
  },
  compress: {
    type: 'choice',
    values: ['none', 'gzip', 'brotli'],
    default: 'none',
    from: everywhere,
    text: 'How session data is compressed when it is written. It is read in any case, but not by the Ruby gem.',
  },
  compressThreshold: {
    type: 'integer',
    default: 1024,
    minimum: 0,
    unit: 'bytes',
    from: everywhere,
    text: 'Session data is compressed only when its JSON is at least this long.',
  },
  ttl: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: "Switch on DynamoDB's Time to Live on expire_at when the table is created.",
  },
  indexKeys: {
    type: 'list',
    default: [],
    from: everywhere,
    text: 'Session keys by which all sessions of a user can be found (user_id; user.id reaches deeper): attributes with an index.',
    maxItems: 20,
    maxLength: 249,
    pattern: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$',
    rule: 'must be the name of a session key, of letters, digits, "_" and "-", with dots between names that reach deeper',
    not: ATTRIBUTE_NAMES,
    otherwise: 'none',
  },
  region: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'AWS region of the table.',
    minLength: 1,
    pattern: '^[A-Za-z0-9-]+$',
    rule: 'must be the name of a region, as in eu-central-1',
    otherwise: 'what the AWS SDK finds (AWS_REGION, profile …)',
  },
  endpoint: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'URL of DynamoDB, for a local one or a VPC endpoint.',
    pattern: '^https?://[^\\s/]+',
    rule: 'must be a URL, as in http://localhost:8000',
    otherwise: 'what the AWS SDK finds (AWS_ENDPOINT_URL_DYNAMODB, the region …)',
  },
  transport: {
    type: 'choice',
    values: ['lean', 'sdk'],
    default: 'lean',
    from: everywhere,
    text: 'Sender of requests: this package where it can (lean), at a fraction of the CPU time, or the AWS SDK (sdk).',
  },
  batchReads: {
    type: 'boolean',
    default: true,
    from: everywhere,
    text: 'Read sessions that are asked for at the same moment with one BatchGetItem; with transport lean only.',
  },
  requestTimeout: {
    type: 'integer',
    default: 5000,
    minimum: 1,
    maximum: LONGEST_TIMEOUT,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest time of one request to DynamoDB: waiting for a connection, all attempts and the pauses between them.',
  },
  attemptTimeout: {
    type: 'integer',
    default: 2000,
    minimum: 1,
    maximum: LONGEST_TIMEOUT,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest time of one attempt of a request. Also bounded by request_timeout.',
  },
  connectTimeout: {
    type: 'integer',
    default: 1500,
    minimum: 1,
    maximum: LONGEST_TIMEOUT,
    unit: 'milliseconds',
    from: everywhere,
    text: 'Longest time to open a connection to DynamoDB. Also bounded by attempt_timeout.',
  },
  maxConnections: {
    type: 'integer',
    default: 50,
    minimum: 1,
    unit: 'connections',
    from: everywhere,
    text: 'Most connections to DynamoDB that a store has open at a time.',
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
  kmsKeyId: {
    type: 'string',
    default: undefined,
    from: everywhere,
    text: 'KMS key (id, ARN or alias) that encrypts the table.',
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
    text: 'Where npx umzug keeps the names of executed migrations. auto: knex if there is a knexfile, else dynamodb.',
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
    text: "Name of the environment, for the configuration file's name and the knexfile's section.",
    otherwise: 'ENV NODE_ENV, else development',
  },
  root: {
    type: 'path',
    default: undefined,
    from: [],
    text: 'Folder that paths are relative to.',
    minLength: 1,
    otherwise: 'the current folder',
  },
  client: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['send'],
    text: 'A DynamoDBClient of your own. It is slower, and its reads are not batched.',
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
    text: 'How often a request is sent at most. All attempts must fit into request_timeout.',
    otherwise: 'what the AWS SDK finds (AWS_MAX_ATTEMPTS …), else 4',
  },
  requestHandler: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['handle'],
    text: 'A request handler of the AWS SDK, for example for a proxy. The AWS SDK then sends all requests.',
  },
  logger: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['debug', 'info', 'warn', 'error'],
    text: "A logger for the AWS SDK's requests. The AWS SDK then sends all requests.",
  },
  errorHandler: {
    type: 'object',
    default: undefined,
    from: [],
    methods: ['handle'],
    text: 'Receives the errors that are not raised: an object with handle(error, context).',
    otherwise: 'one that writes a line to standard error',
  },
  onConflict: {
    type: 'object',
    default: undefined,
    from: [],
    words: ['merge', 'reject'],
    text: 'What optimistic locking does when another request changed the session: a word, or ({ base, ours, theirs }) => data.',
    otherwise: 'merge',
  },
} as const satisfies Record<string, OptionDefinition>

type Table = typeof OPTIONS
export type OptionName = keyof Table

/** The options that need a type that the table can't express. */
interface Objects {
  client: DynamoDBClient
  credentials: NonNullable<DynamoDBClientConfig['credentials']>
  /** The SDK also accepts settings, and makes a handler from them. This option does not. */
  requestHandler: Extract<NonNullable<DynamoDBClientConfig['requestHandler']>, { handle: unknown }>
  logger: NonNullable<DynamoDBClientConfig['logger']>
  errorHandler: ErrorHandler
  onConflict: OnConflict
  secretKey: string | readonly string[]
}

/** Session data as the application sees it, three times: as loaded, as changed here, as changed elsewhere. */
export interface Conflict {
  readonly base: Record<string, unknown>
  readonly ours: Record<string, unknown>
  readonly theirs: Record<string, unknown>
}

/** `merge`: our changed top-level keys over theirs. `reject`: a SessionConflictError. A function: what it returns. */
export type OnConflict = 'merge' | 'reject' | ((conflict: Conflict) => Record<string, unknown>)

type Value<N extends OptionName> = N extends keyof Objects
  ? Objects[N]
  : Table[N] extends { type: 'choice'; values: readonly (infer V)[] }
    ? V
    : Table[N] extends { type: 'integer' | 'number' }
      ? number
      : Table[N] extends { type: 'boolean' }
        ? boolean
        : Table[N] extends { type: 'map' }
          ? Readonly<Record<string, string>>
          : Table[N] extends { type: 'list' }
            ? readonly string[]
            : string

/** Options that a client of the application brings with it. They would have no effect beside {@link OPTIONS.client}. */
export const CLIENT_SETTINGS = ['credentials', 'profile', 'maxAttempts', 'requestHandler', 'logger'] as const

/** Options as given in code. `null` and `undefined` mean *not set*: ENV, the file and the defaults then decide. */
export type Options = { readonly [N in OptionName]?: Value<N> | null | undefined }

/** Options after everything was looked up: those with a default always have a value. */
export type ResolvedOptions = {
  readonly [N in OptionName]: Table[N]['default'] extends undefined ? Value<N> | undefined : Value<N>
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

/** Path of the configuration file, below the application's folder, with `/`. */
export function configurationPath(environment?: string): string {
  return environment ? `config/dynamo_session_store/${environment}.yml` : 'config/dynamo_session_store.yml'
}

/** Says why a text can't be the name of an environment, which becomes the name of a file; undefined when it can. */
export function environmentProblem(environment: string): string | undefined {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_. -]*$/u.test(environment) && !environment.includes('..')) return undefined
  return `${JSON.stringify(environment)} can't be the name of an environment: use letters, digits, "_", "-" and "."`
}
