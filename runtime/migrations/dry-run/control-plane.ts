import type {
  ContinuousBackupsDescription,
  CreateTableCommandInput,
  DynamoDBClient,
  GlobalSecondaryIndex,
  GlobalSecondaryIndexDescription,
  ProvisionedThroughput,
  SSESpecification,
  TableDescription,
  Tag,
  TimeToLiveDescription,
  UpdateContinuousBackupsCommandInput,
  UpdateTableCommandInput,
  UpdateTimeToLiveCommandInput,
} from '@aws-sdk/client-dynamodb'
import { regionOfClient } from '../../dynamodb/client.js'
import { isAwsError } from '../../dynamodb/error-facts.js'
import { loadSdk } from '../../dynamodb/sdk.js'
import { DynamoSessionError } from '../../errors.js'

/** A request that a dry run did not send. */
export interface SimulatedRequest {
  /** Such as `CreateTable`. */
  readonly operation: string
  readonly input: object
}

/** A migration sent a request that a dry run can't simulate. */
class NotSimulatedError extends DynamoSessionError {
  override readonly name = 'NotSimulatedError'
  override readonly code = 'NOT_SIMULATED'
}

/** What the simulation has changed about a table. If a member is undefined, DynamoDB's own value applies. */
interface Table {
  /** Undefined: there is no table. */
  description: TableDescription | undefined
  /** Whether the simulation created or deleted the table. A table in DynamoDB then no longer counts. */
  isNew: boolean
  ttl?: TimeToLiveDescription
  backups?: ContinuousBackupsDescription
  tags: Map<string, string | undefined>
}

/** The command of the AWS SDK for a request. */
interface Command {
  readonly input: Input
}

interface Input {
  readonly TableName?: string
  readonly ResourceArn?: string
}

/** A request on its way through the simulation. */
interface Request {
  readonly operation: string
  readonly input: Input
  /** Identifies the table, among all regions and endpoints. */
  readonly place: string
  readonly region: string
  /** Really sends the request. */
  send(): Promise<object>
  describe(): Promise<TableDescription | undefined>
}

const READS = ['GetItem', 'Query', 'Scan']

/**
 * DynamoDB's control plane in memory. A table starts in its real state. A change is complete at once. Reads are really
 * sent, except reads of a new table. No request that changes a table or an item is sent.
 */
export class SimulatedControlPlane {
  /** The requests that were not sent, in their order. */
  readonly requests: SimulatedRequest[] = []
  /** The first operation that the simulation does not know, such as `PutItem`. */
  unknown: string | undefined
  readonly #tables = new Map<string, Table>()

  /** A client whose requests go to this simulation. */
  client(real: DynamoDBClient): DynamoDBClient {
    const send = async (command: Command, options?: object) => {
      const { TableName = '', ResourceArn } = command.input
      const region = await regionOfClient(real)
      const { hostname = '', port = '' } = (await real.config.endpoint?.()) ?? {}
      const name = ResourceArn?.split(':table/').at(-1) ?? TableName
      return await this.#respond({
        operation: command.constructor.name.replace(/Command$/, ''),
        input: command.input,
        place: [hostname, port, region, name].join('/'),
        region,
        send: async () => (await real.send(command as never, options)) as object,
        describe: async () => await describe(real, name, options),
      })
    }
    return { config: real.config, send, destroy() {} } as unknown as DynamoDBClient
  }

  async #respond(request: Request): Promise<object> {
    const { operation, input } = request
    const change = CHANGES[operation]
    const read = OVERLAYS[operation]
    if (!change && !read && !READS.includes(operation)) {
      this.unknown ??= operation
      throw new NotSimulatedError(`a dry run does not simulate ${operation}`)
    }
    const table = await this.#table(request)
    if (change) {
      const response = change(table, input as never, request.region)
      this.requests.push({ operation, input })
      return response
    }
    existing(table)
    if (read) return await read(table, request)
    return table.isNew ? { Items: [], Count: 0, ScannedCount: 0 } : await request.send()
  }

  async #table({ place, describe }: Request): Promise<Table> {
    const known = this.#tables.get(place)
    if (known) return known
    const description = settled(await describe())
    const table = this.#tables.get(place) ?? { description, isNew: false, tags: new Map() }
    this.#tables.set(place, table)
    return table
  }
}

async function describe(
  real: DynamoDBClient,
  TableName: string,
  options?: object,
): Promise<TableDescription | undefined> {
  const { DescribeTableCommand } = await loadSdk()
  try {
    return (await real.send(new DescribeTableCommand({ TableName }), options)).Table
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

/** The table as it will be when DynamoDB has finished its present changes. */
function settled(table: TableDescription | undefined): TableDescription | undefined {
  if (!table || table.TableStatus === 'DELETING') return undefined
  const isChanging = table.TableStatus === 'CREATING' || table.TableStatus === 'UPDATING'
  const indexes = table.GlobalSecondaryIndexes?.filter(({ IndexStatus }) => IndexStatus !== 'DELETING')
  return {
    ...table,
    ...(isChanging && { TableStatus: 'ACTIVE' }),
    ...(indexes && { GlobalSecondaryIndexes: indexes.map((index) => ({ ...index, IndexStatus: 'ACTIVE' })) }),
  }
}

/** Reads of a table that the simulation has changed. */
const OVERLAYS: Readonly<Record<string, (table: Table, request: Request) => object | Promise<object>>> = {
  DescribeTable: (table) => ({ Table: existing(table) }),

  DescribeTimeToLive: async ({ ttl, isNew }, { send }) =>
    ttl || isNew ? { TimeToLiveDescription: ttl ?? { TimeToLiveStatus: 'DISABLED' } } : await send(),

  DescribeContinuousBackups: async ({ backups, isNew }, { send }) =>
    backups || isNew ? { ContinuousBackupsDescription: backups ?? recovery(false) } : await send(),

  ListTagsOfResource: async ({ tags, isNew }, { send }) => {
    const { Tags = [], ...others } = (isNew ? {} : await send()) as { readonly Tags?: Tag[] }
    const all = new Map([...Tags.map(({ Key = '', Value }) => [Key, Value] as const), ...tags])
    return { ...others, Tags: [...all].flatMap(([Key, Value]) => (Value === undefined ? [] : [{ Key, Value }])) }
  },
}

/** Changes of a table. Each returns DynamoDB's response, or throws DynamoDB's error. */
const CHANGES: Readonly<Record<string, (table: Table, input: never, region: string) => object>> = {
  CreateTable(table, input: CreateTableCommandInput, region) {
    if (table.description) throw refusal('ResourceInUseException', `Table already exists: ${input.TableName}`)
    table.description = created(input, region)
    table.isNew = true
    table.tags = new Map(input.Tags?.map(({ Key = '', Value }) => [Key, Value]))
    return { TableDescription: table.description }
  },

  UpdateTable(table, input: UpdateTableCommandInput) {
    table.description = updated(existing(table), input)
    return { TableDescription: table.description }
  },

  DeleteTable(table, { TableName }: Input) {
    const description = existing(table)
    if (description.DeletionProtectionEnabled) {
      const text = `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first: ${TableName}`
      throw refusal('ValidationException', text)
    }
    Object.assign(table, { description: undefined, isNew: true, ttl: undefined, backups: undefined, tags: new Map() })
    return { TableDescription: { ...description, TableStatus: 'DELETING' } }
  },

  UpdateTimeToLive(table, { TimeToLiveSpecification: specification }: UpdateTimeToLiveCommandInput) {
    existing(table)
    table.ttl = specification?.Enabled
      ? { TimeToLiveStatus: 'ENABLED', AttributeName: specification.AttributeName }
      : { TimeToLiveStatus: 'DISABLED' }
    return { TimeToLiveSpecification: specification }
  },

  UpdateContinuousBackups(table, { PointInTimeRecoverySpecification }: UpdateContinuousBackupsCommandInput) {
    existing(table)
    const { PointInTimeRecoveryEnabled = false, RecoveryPeriodInDays } = PointInTimeRecoverySpecification ?? {}
    table.backups = recovery(PointInTimeRecoveryEnabled, RecoveryPeriodInDays)
    return { ContinuousBackupsDescription: table.backups }
  },

  TagResource(table, { Tags }: { readonly Tags?: readonly Tag[] }) {
    existing(table)
    for (const { Key = '', Value } of Tags ?? []) table.tags.set(Key, Value)
    return {}
  },

  UntagResource(table, { TagKeys }: { readonly TagKeys?: readonly string[] }) {
    existing(table)
    for (const key of TagKeys ?? []) table.tags.set(key, undefined)
    return {}
  },
}

function created(input: CreateTableCommandInput, region: string): TableDescription {
  const { Tags: _, BillingMode, GlobalSecondaryIndexes, SSESpecification, TableClass, ...others } = input
  return {
    ...others,
    TableStatus: 'ACTIVE',
    TableArn: `arn:aws:dynamodb:${region}:000000000000:table/${input.TableName}`,
    // Without CreationDateTime: a later down then counts this table as the one that its migration created.
    ItemCount: 0,
    TableSizeBytes: 0,
    DeletionProtectionEnabled: input.DeletionProtectionEnabled ?? false,
    ...billing(BillingMode),
    ProvisionedThroughput: capacity(input.ProvisionedThroughput),
    ...warmth(input),
    ...(GlobalSecondaryIndexes && { GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(activeIndex) }),
    ...encryption(SSESpecification),
    ...(TableClass && { TableClassSummary: { TableClass } }),
  } as TableDescription
}

function updated(table: TableDescription, input: UpdateTableCommandInput): TableDescription {
  const { AttributeDefinitions, BillingMode, SSESpecification, TableClass } = input
  const { GlobalSecondaryIndexUpdates = [], ReplicaUpdates: _, ProvisionedThroughput, ...others } = input
  const attributes = new Map(
    [...(table.AttributeDefinitions ?? []), ...(AttributeDefinitions ?? [])].map((one) => [one.AttributeName, one]),
  )
  const indexes = new Map((table.GlobalSecondaryIndexes ?? []).map((index) => [index.IndexName, index]))
  for (const { Create, Update, Delete } of GlobalSecondaryIndexUpdates) {
    if (Create) indexes.set(Create.IndexName, activeIndex(Create as GlobalSecondaryIndex))
    if (Update) indexes.set(Update.IndexName, { ...indexes.get(Update.IndexName), ...throughputOf(Update) })
    if (Delete) indexes.delete(Delete.IndexName)
  }
  return {
    ...table,
    ...others,
    AttributeDefinitions: [...attributes.values()],
    GlobalSecondaryIndexes: [...indexes.values()],
    ...billing(BillingMode),
    ...(BillingMode === 'PAY_PER_REQUEST' && { ProvisionedThroughput: capacity(undefined) }),
    ...(ProvisionedThroughput && { ProvisionedThroughput: capacity(ProvisionedThroughput) }),
    ...warmth(input),
    ...encryption(SSESpecification),
    ...(TableClass && { TableClassSummary: { TableClass } }),
  } as TableDescription
}

function billing(BillingMode: CreateTableCommandInput['BillingMode']): Partial<TableDescription> {
  return BillingMode ? { BillingModeSummary: { BillingMode } } : {}
}

function capacity(given: ProvisionedThroughput | undefined): TableDescription['ProvisionedThroughput'] {
  return { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0, ...given }
}

function encryption(given: SSESpecification | undefined): Partial<TableDescription> {
  if (!given) return {}
  const { Enabled, SSEType = 'KMS', KMSMasterKeyId } = given
  if (!Enabled) return { SSEDescription: undefined }
  return { SSEDescription: { Status: 'ENABLED', SSEType, ...(KMSMasterKeyId && { KMSMasterKeyArn: KMSMasterKeyId }) } }
}

function activeIndex(index: GlobalSecondaryIndex): GlobalSecondaryIndexDescription {
  return { ...index, IndexStatus: 'ACTIVE', ...throughputOf(index) } as GlobalSecondaryIndexDescription
}

type Throughput = Pick<GlobalSecondaryIndex, 'ProvisionedThroughput' | 'OnDemandThroughput' | 'WarmThroughput'>

function throughputOf({ ProvisionedThroughput, ...others }: Throughput): Partial<GlobalSecondaryIndexDescription> {
  return {
    ...others,
    ...(ProvisionedThroughput && { ProvisionedThroughput: capacity(ProvisionedThroughput) }),
    ...warmth(others),
  }
}

function warmth({ WarmThroughput }: Throughput): Pick<GlobalSecondaryIndexDescription, 'WarmThroughput'> {
  return WarmThroughput ? { WarmThroughput: { ...WarmThroughput, Status: 'ACTIVE' } } : {}
}

function recovery(isOn: boolean, RecoveryPeriodInDays = 35): ContinuousBackupsDescription {
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: isOn
      ? { PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays }
      : { PointInTimeRecoveryStatus: 'DISABLED' },
  }
}

function existing({ description }: Table): TableDescription {
  if (description) return description
  throw refusal('ResourceNotFoundException', 'Requested resource not found')
}

/** An error as the AWS SDK throws it. */
function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $fault: 'client', $metadata: { httpStatusCode: 400 } })
}
