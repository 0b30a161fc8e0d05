import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import type { Encryption } from './encryption-keys.js'

// The first paragraph and the default of each comment repeat the table of options (option-table.ts).

/** Options in code. `null` and `undefined` mean *not set*: ENV, the configuration file and the defaults then decide. */
export interface Options {
  /**
   * Name of the DynamoDB table that holds the sessions, or its ARN if the table belongs to another AWS account.
   *
   * @default 'sessions'
   * @example { tableName: 'arn:aws:dynamodb:eu-central-1:123456789012:table/sessions' }
   */
  readonly tableName?: string | null | undefined
  /**
   * Name of the table's partition key, the attribute that holds the session id.
   *
   * @default 'session_id'
   */
  readonly tableKey?: string | null | undefined
  /**
   * Text before each session id in the table's key, ending in a colon: shop:. Set it when several applications share a
   * table.
   *
   * @default none: every session in the table belongs to this application
   * @example { keyPrefix: 'shop:' }
   */
  readonly keyPrefix?: string | null | undefined
  /**
   * Secret that signs session ids. In a list, the first secret signs, and all secrets verify. In the file, write
   * ${VARIABLE}.
   *
   * @default ENV SECRET_KEY_BASE if set
   * @example { secretKey: [process.env.NEW_SECRET, process.env.OLD_SECRET] }
   */
  readonly secretKey?: string | readonly string[] | null | undefined
  /**
   * Use strongly consistent reads. Eventually consistent reads cost half, but may miss a session that was just saved.
   *
   * @default true
   */
  readonly consistentRead?: boolean | null | undefined
  /**
   * How AWS bills the table. If not set, setting readCapacity or writeCapacity selects provisioned.
   *
   * @default 'pay_per_request'
   */
  readonly billingMode?: 'pay_per_request' | 'provisioned' | null | undefined
  /**
   * Provisioned read capacity of the table. Used when billingMode is provisioned.
   *
   * In read capacity units.
   *
   * @default 10
   */
  readonly readCapacity?: number | null | undefined
  /**
   * Provisioned write capacity of the table. Used when billingMode is provisioned.
   *
   * In write capacity units.
   *
   * @default 5
   */
  readonly writeCapacity?: number | null | undefined
  /**
   * Maximum reads per second, which limits the cost of the table. 0: no maximum. Used when billingMode is
   * pay_per_request.
   *
   * In read request units a second. DynamoDB throttles further reads.
   *
   * @default 0
   */
  readonly maxReadRequestUnits?: number | null | undefined
  /**
   * Maximum writes per second, which limits the cost of the table. 0: no maximum. Used when billingMode is
   * pay_per_request.
   *
   * In write request units a second. DynamoDB throttles further writes.
   *
   * @default 0
   */
  readonly maxWriteRequestUnits?: number | null | undefined
  /**
   * Reads per second that the table can serve at any moment (warm throughput). AWS charges for an increase, and never
   * lowers it.
   *
   * In read units a second.
   *
   * @default what DynamoDB provides
   */
  readonly warmReadUnits?: number | null | undefined
  /**
   * Writes per second that the table can serve at any moment (warm throughput). AWS charges for an increase, and never
   * lowers it.
   *
   * In write units a second.
   *
   * @default what DynamoDB provides
   */
  readonly warmWriteUnits?: number | null | undefined
  /**
   * Throw errors of loading and touching a session, instead of passing them to the error handler.
   *
   * @default false
   */
  readonly raiseErrors?: boolean | null | undefined
  /**
   * Seconds after which a session expires, even if it is used.
   *
   * @default sessions do not expire by age
   */
  readonly maxAge?: number | null | undefined
  /**
   * Seconds of inactivity after which a session expires.
   *
   * @default sessions do not expire by inactivity
   */
  readonly maxStale?: number | null | undefined
  /**
   * Minimum seconds between writes that only extend an unchanged session. Capped at a tenth of the session's lifetime.
   *
   * @default 60
   */
  readonly touchInterval?: number | null | undefined
  /**
   * How requests that change a session at the same time are handled. none: the last write wins. optimistic: their
   * changes are merged. pessimistic: one request waits for the other.
   *
   * @default 'optimistic'
   */
  readonly locking?: 'none' | 'optimistic' | 'pessimistic' | null | undefined
  /**
   * Option of the Ruby gem: true means locking pessimistic, an explicit false means none. The option locking wins.
   *
   * @default false
   */
  readonly enableLocking?: boolean | null | undefined
  /**
   * Milliseconds after which another request may take over a lock.
   *
   * @default 500
   */
  readonly lockExpiryTime?: number | null | undefined
  /**
   * Longest pause between two attempts to get a lock, in milliseconds.
   *
   * @default 500
   */
  readonly lockRetryDelay?: number | null | undefined
  /**
   * Seconds that a request waits for a lock before it fails.
   *
   * @default 1
   */
  readonly lockMaxWaitTime?: number | null | undefined
  /**
   * Digest that signs session ids. The Ruby gem uses md5.
   *
   * @default 'sha256'
   */
  readonly sessionIdDigest?: 'sha256' | 'md5' | null | undefined
  /**
   * Store only the SHA-256 of each session id, so that the table holds no usable cookie. A change of this
   * option ends all stored sessions. Always false with sessionIdDigest md5, because Rails can't find hashed ids.
   *
   * @default true
   */
  readonly hashSessionIds?: boolean | null | undefined
  /**
   * Format of stored session data. json_allow_marshal writes JSON and also reads a Rails application's Marshal sessions.
   *
   * @default 'json'
   */
  readonly serializer?: 'json' | 'json_allow_marshal' | null | undefined
  /**
   * How session data is compressed when it is written. Reads accept every form. The Ruby gem reads only none.
   *
   * @default 'none'
   */
  readonly compress?: 'none' | 'gzip' | 'brotli' | null | undefined
  /**
   * Smallest JSON that is compressed, in bytes.
   *
   * @default 1024
   */
  readonly compressThreshold?: number | null | undefined
  /**
   * Keys that encrypt session data, each an id, a colon and 32 bytes in base64. The first key encrypts, all keys decrypt. In
   * the file, write ${VARIABLE}. The Ruby gem can't read encrypted sessions.
   *
   * @default none: sessions are not encrypted
   * @example { encryptionKeys: [`k2:${process.env.NEW_KEY}`, `k1:${process.env.OLD_KEY}`] }
   */
  readonly encryptionKeys?: readonly string[] | null | undefined
  /**
   * Also read sessions that are not encrypted, while a table moves to encryptionKeys. Saves always encrypt.
   *
   * @default false
   */
  readonly acceptPlainData?: boolean | null | undefined
  /**
   * Switch on DynamoDB's Time to Live for expire_at when the table is created.
   *
   * For the lifetime of a session, set maxStale or maxAge.
   *
   * @default true
   */
  readonly ttl?: boolean | null | undefined
  /**
   * Session keys by which all sessions of a user can be found, such as user_id or user.id. Each key gets an
   * attribute and an index.
   *
   * @default none
   * @example { indexKeys: ['user_id'] }
   */
  readonly indexKeys?: readonly string[] | null | undefined
  /**
   * Maximum number of sessions of a user. A sign-in beyond it ends the oldest session. The first of indexKeys names the
   * user.
   *
   * Expired sessions do not count. Sign-ins at the same moment can exceed the limit until the next sign-in.
   *
   * @default no limit
   */
  readonly maxSessions?: number | null | undefined
  /**
   * AWS region of the table.
   *
   * @default what the AWS SDK finds (AWS_REGION, profile …)
   */
  readonly region?: string | null | undefined
  /**
   * URL of DynamoDB. Set it for a local DynamoDB or a VPC endpoint.
   *
   * @default what the AWS SDK finds (AWS_ENDPOINT_URL_DYNAMODB, the region …)
   * @example { endpoint: 'http://localhost:8000' }
   */
  readonly endpoint?: string | null | undefined
  /**
   * What sends the requests. lean: this package where possible, with far less CPU time. sdk: the AWS SDK.
   *
   * @default 'lean'
   */
  readonly transport?: 'lean' | 'sdk' | null | undefined
  /**
   * Combine reads of sessions at the same moment into one BatchGetItem. Needs transport lean.
   *
   * @default true
   */
  readonly batchReads?: boolean | null | undefined
  /**
   * Longest time of a request to DynamoDB, in milliseconds. It includes the wait for a connection, all attempts and
   * the pauses between them.
   *
   * @default 5000
   */
  readonly requestTimeout?: number | null | undefined
  /**
   * Longest time of one attempt of a request, in milliseconds. Also bounded by requestTimeout.
   *
   * @default 2000
   */
  readonly attemptTimeout?: number | null | undefined
  /**
   * Longest time to open a connection to DynamoDB, in milliseconds. Also bounded by attemptTimeout.
   *
   * @default 1500
   */
  readonly connectTimeout?: number | null | undefined
  /**
   * Maximum number of connections to DynamoDB that a store has open at a time.
   *
   * @default 50
   */
  readonly maxConnections?: number | null | undefined
  /**
   * Tags of the table, set when it is created.
   *
   * @default no tags
   * @example { tags: { team: 'shop', stage: 'production' } }
   */
  readonly tags?: Readonly<Record<string, string>> | null | undefined
  /**
   * Create the table with deletion protection.
   *
   * @default false
   */
  readonly deletionProtection?: boolean | null | undefined
  /**
   * Switch on point-in-time recovery (continuous backups) when the table is created.
   *
   * @default false
   */
  readonly pointInTimeRecovery?: boolean | null | undefined
  /**
   * Days for which point-in-time recovery keeps backups. Used when pointInTimeRecovery is true.
   *
   * @default 35
   */
  readonly pointInTimeRecoveryDays?: number | null | undefined
  /**
   * KMS key (id, ARN or alias) that encrypts the table; none: a key owned by DynamoDB.
   *
   * @default a key owned by DynamoDB
   * @example { kmsKeyId: 'alias/sessions' }
   */
  readonly kmsKeyId?: string | null | undefined
  /**
   * Storage class of the table.
   *
   * @default 'standard'
   */
  readonly tableClass?: 'standard' | 'standard_infrequent_access' | null | undefined
  /**
   * Create, change and delete the table. false: only verify it, because CloudFormation, Terraform or another account
   * owns it.
   *
   * @default true
   */
  readonly manageTable?: boolean | null | undefined
  /**
   * Folder of the migrations, for the generator and for npx umzug.
   *
   * @default 'migrations'
   */
  readonly migrationsDir?: string | null | undefined
  /**
   * Where npx umzug stores the names of executed migrations. auto: knex if there is a knexfile, else dynamodb.
   *
   * @default 'auto'
   */
  readonly migrationStorage?: 'auto' | 'knex' | 'dynamodb' | null | undefined
  /**
   * The configuration file to read.
   *
   * @default config/dynamo_session_store/<environment>.yml, else config/dynamo_session_store.yml
   */
  readonly configFile?: string | null | undefined
  /**
   * Name of the environment. It selects the configuration file and the section of the knexfile.
   *
   * @default ENV NODE_ENV, else development
   */
  readonly environment?: string | null | undefined
  /**
   * Folder that relative paths start from.
   *
   * @default the current folder
   */
  readonly root?: string | null | undefined
  /**
   * Your own DynamoDBClient. Requests are then slower, and reads are not batched.
   *
   * @default built from the other options
   */
  readonly client?: DynamoDBClient | null | undefined
  /**
   * AWS credentials, or an async function that returns them.
   *
   * @default what the AWS SDK finds
   * @example { credentials: fromTemporaryCredentials({ params: { RoleArn: 'arn:aws:iam::123456789012:role/sessions' } }) }
   */
  readonly credentials?: NonNullable<DynamoDBClientConfig['credentials']> | null | undefined
  /**
   * Name of a profile in the AWS configuration files.
   *
   * @default ENV AWS_PROFILE, else default
   */
  readonly profile?: string | null | undefined
  /**
   * Maximum number of attempts of a request. All attempts must fit into requestTimeout.
   *
   * @default what the AWS SDK finds (AWS_MAX_ATTEMPTS …), else 4
   */
  readonly maxAttempts?: number | null | undefined
  /**
   * Request handler of the AWS SDK, for example for a proxy. The AWS SDK then sends all requests.
   *
   * Unlike the SDK's own option, this option does not accept settings for a handler.
   *
   * @default none
   * @example { requestHandler: new NodeHttpHandler({ httpsAgent: new HttpsProxyAgent('http://proxy:3128') }) }
   */
  readonly requestHandler?:
    | Extract<NonNullable<DynamoDBClientConfig['requestHandler']>, { handle: unknown }>
    | null
    | undefined
  /**
   * Logger for the AWS SDK's requests. The AWS SDK then sends all requests.
   *
   * @default none
   * @example { logger: console }
   */
  readonly logger?: NonNullable<DynamoDBClientConfig['logger']> | null | undefined
  /**
   * Loads the encryption keys when they are needed, for example from AWS KMS. Replaces encryptionKeys.
   *
   * @default none
   * @example { encryption: { keys: async () => [{ id: 'k1', key: await decryptedByKms() }], lifetime: 600 } }
   */
  readonly encryption?: Encryption | null | undefined
  /**
   * Receives the errors that are not raised: a function (error, context), or an object with handle(error, context).
   *
   * If the handler throws, the request fails with that error.
   *
   * @default one that writes a line to standard error
   * @example { errorHandler: (error, { operation }) => log.warn({ error, operation }) }
   */
  readonly errorHandler?: ErrorHandler | ErrorHandler['handle'] | null | undefined
  /**
   * A function of the request that returns what to record of the client. Called when a session is created or gets another
   * id.
   *
   * The argument is the request of Express, Fastify or Node, the context of Koa, or `request` of the session manager.
   * `createSessionStorage` knows no request, and passes undefined. `sessionsBy` gives the recorded values. They are
   * personal data of the user. If the function fails, the error handler gets the error, and the session is stored.
   *
   * @default nothing is recorded
   * @example { describe: (request) => ({ userAgent: request.get('user-agent'), address: request.ip }) }
   */
  readonly describe?: DescribeClient | null | undefined
  /**
   * What optimistic locking does when another request changed the session: merge, reject, or a function
   * ({ base, ours, theirs }) => data.
   *
   * @default merge
   * @example { onConflict: ({ theirs }) => ({ ...theirs, visits: Number(theirs.visits) + 1 }) }
   */
  readonly onConflict?: OnConflict | null | undefined
}

/** What the option `describe` returns: facts about the client of a session, such as its user agent and address. */
export type ClientDescription = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Describes the client of a request. Texts are cut after 512 characters. */
export type DescribeClient = (
  // biome-ignore lint/suspicious/noExplicitAny: each framework has its own request
  request: any,
) => ClientDescription | undefined | Promise<ClientDescription | undefined>

/** The name of an option in code, such as `tableName`. */
export type OptionName = keyof Options

/** Receives the errors that a store does not pass on to the application (see `raiseErrors`). */
export interface ErrorHandler {
  /** If this method throws, the request fails with that error, unless the request has ended. */
  handle(error: Error, context: ErrorContext): void
}

/** The circumstances of an error. */
export interface ErrorContext {
  /** The operation that failed: `get`, `touch` … */
  readonly operation: string
  /** First 16 hex digits of the SHA-256 of the session id. It names the session without revealing the id. */
  readonly sessionIdHash?: string
}

/** The three versions of the session data in a conflict. */
export interface Conflict {
  /** The data that this request loaded. */
  readonly base: Record<string, unknown>
  /** The data that this request wants to save. */
  readonly ours: Record<string, unknown>
  /** The data that another request stored in the meantime. */
  readonly theirs: Record<string, unknown>
}

/**
 * `merge` applies the top-level keys that this request changed to the other request's data. `reject` throws a
 * SessionConflictError. If a function is given, its result becomes the session's data.
 */
export type OnConflict = 'merge' | 'reject' | ((conflict: Conflict) => Record<string, unknown>)
