/**
 * Names of OpenTelemetry's semantic conventions 1.45. The incubating names may change with any version of the package
 * `@opentelemetry/semantic-conventions`, so they are copied, as that package asks libraries to do.
 */

// Stable.
export const DB_SYSTEM_NAME = 'db.system.name'
export const DB_OPERATION_NAME = 'db.operation.name'
export const DB_COLLECTION_NAME = 'db.collection.name'
export const DB_OPERATION_BATCH_SIZE = 'db.operation.batch.size'
export const DB_RESPONSE_STATUS_CODE = 'db.response.status_code'
export const ERROR_TYPE = 'error.type'
export const DB_CLIENT_OPERATION_DURATION = 'db.client.operation.duration'
/** The boundaries that the conventions recommend for this histogram. Seconds. */
export const DURATION_BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

// Incubating.
export const DYNAMODB = 'aws.dynamodb'
export const AWS_DYNAMODB_TABLE_NAMES = 'aws.dynamodb.table_names'
export const AWS_DYNAMODB_CONSUMED_CAPACITY = 'aws.dynamodb.consumed_capacity'
export const AWS_REQUEST_ID = 'aws.request_id'

// Of this package. In the conventions, `session.*` means the visit of a user, not a stored session.
export const SESSION_OPERATION = 'dynamo_session.operation'
export const SESSION_ADAPTER = 'dynamo_session.adapter'
export const SESSION_OUTCOME = 'dynamo_session.outcome'
export const SESSION_ID_HASH = 'dynamo_session.id_hash'
export const SESSION_ATTEMPTS = 'dynamo_session.attempts'
export const SESSION_MERGED_READS = 'dynamo_session.merged_reads'
export const SESSION_BYTES = 'dynamo_session.bytes'
export const SESSION_CONSUMED_CAPACITY = 'dynamo_session.consumed_capacity'
export const SESSION_LOCK_WAIT = 'dynamo_session.lock_wait'
export const SESSION_EVENT = 'dynamo_session.event'

export const SESSION_OPERATION_DURATION = 'dynamo_session.operation.duration'
export const SESSION_LOCK_WAIT_DURATION = 'dynamo_session.lock.wait.duration'
export const SESSION_SIZE = 'dynamo_session.size'
export const SESSION_CAPACITY = 'dynamo_session.capacity'
export const SESSION_EVENTS = 'dynamo_session.events'
