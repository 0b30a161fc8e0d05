import { createServer, type ServerResponse } from 'node:http'
import {
  type AttributeDefinition,
  type CreateTableInput,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  type GlobalSecondaryIndexUpdate,
  type ProvisionedThroughput,
  type UpdateTableInput,
} from '@aws-sdk/client-dynamodb'
import { listen, stop } from './adapters/listen.js'
import { CREDENTIALS } from './dynamodb-stub.js'
import { inputProblem } from './schema-check.js'

/** What DynamoDB serves at once from a table that is billed by request and has no traffic yet. */
const WARM = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4_000 }

/** A table as the stub keeps it. A test may change it, as somebody else would by the AWS console. */
export interface StubTable {
  readonly name: string
  readonly arn: string
  status: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'
  /** Descriptions that still show the status above. */
  pending: number
  attributes: AttributeDefinition[]
  readonly keySchema: CreateTableInput['KeySchema']
  readonly created: number
  billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST'
  /** DynamoDB leaves the summary of the billing mode out until the table was once billed by request. */
  everOnDemand: boolean
  capacity: ProvisionedThroughput
  /** -1: no maximum, as DynamoDB writes it. */
  maximum: { MaxReadRequestUnits?: number | undefined; MaxWriteRequestUnits?: number | undefined } | undefined
  warm: { ReadUnitsPerSecond: number; WriteUnitsPerSecond: number }
  /** ARN of the key; undefined: a key owned by DynamoDB. */
  kmsKeyArn: string | undefined
  tableClass: string | undefined
  deletionProtection: boolean
  indexes: (GlobalSecondaryIndex & { status: 'CREATING' | 'ACTIVE' | 'DELETING' })[]
  ttl: { status: 'DISABLED' | 'ENABLING' | 'ENABLED' | 'DISABLING'; attribute?: string | undefined; pending: number }
  recovery: { on: boolean; days: number }
  tags: Map<string, string>
  /** What a Scan counts. */
  items: number
}

/** An error of AWS. */
interface Refusal {
  readonly name: string
  readonly message?: string
}

// biome-ignore lint/suspicious/noExplicitAny: the input was checked against the SDK's schema
type Input = any

/**
 * DynamoDB's control plane over HTTP, with state: tables, indexes, Time to Live, point-in-time recovery, tags, encryption,
 * table class, limits on demand, warm throughput, and ARNs as names of tables. It has the order and the refusals of DynamoDB:
 * one change at a time, and none while the table is not ACTIVE. It leaves out of its responses what DynamoDB leaves out.
 * Also has the KMS operation DescribeKey. Tables hold no items.
 */
export interface ControlPlane {
  readonly endpoint: string
  readonly region: string
  readonly account: string
  /** The requests, in their order. */
  readonly requests: readonly { readonly operation: string; readonly input: Input }[]
  readonly operations: readonly string[]
  readonly tables: Map<string, StubTable>
  /** Names of aliases (`alias/sessions`), and the ids of their keys. */
  readonly aliases: Map<string, string>
  table(name: string): StubTable
  /** A client of the SDK for this endpoint. */
  client(): DynamoDBClient
  /** Refuses these operations for lack of permission. */
  deny(...operations: readonly string[]): void
  /** Refuses the next `times` requests of this operation. */
  refuse(operation: string, refusal: Refusal, times?: number): void
  /** Forgets requests, refusals, tables and aliases. */
  reset(): void
  stop(): Promise<void>
}

/**
 * @param settle number of descriptions that show a change as unfinished
 * @param lacks operations that the endpoint does not know, like an emulator
 */
export async function startControlPlane({
  settle = 1,
  region = 'eu-central-1',
  account = '123456789012',
  lacks = [],
}: {
  readonly settle?: number
  readonly region?: string
  readonly account?: string
  readonly lacks?: readonly string[]
} = {}): Promise<ControlPlane> {
  const state = new State(settle, region, account)
  const requests: { operation: string; input: Input }[] = []
  const denied = new Set<string>()
  const refusals: { operation: string; refusal: Refusal }[] = []

  function respond(service: string, operation: string, body: string): object {
    const input = JSON.parse(body)
    requests.push({ operation, input })
    if (lacks.includes(operation)) throw refuse('UnknownOperationException')
    if (denied.has(operation)) {
      const prefix = service === 'TrentService' ? 'kms' : 'dynamodb'
      const message = `User: arn:aws:iam::${account}:role/deploy is not authorized to perform: ${prefix}:${operation}`
      throw refuse('AccessDeniedException', message)
    }
    const at = refusals.findIndex((candidate) => candidate.operation === operation)
    if (at !== -1) throw refusals.splice(at, 1)[0]?.refusal
    if (service === 'TrentService') return state.describeKey(input)
    const problem = inputProblem(operation, input)
    if (problem !== undefined) throw refuse('SerializationException', problem)
    const handle = state.operations[operation]
    if (!handle) throw refuse('UnknownOperationException')
    return handle(input)
  }

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      const [service = '', operation = ''] = String(incoming.headers['x-amz-target']).split('.')
      try {
        send(outgoing, 200, respond(service, operation, Buffer.concat(chunks).toString('utf8')))
      } catch (error) {
        if (error instanceof Error) {
          send(outgoing, 500, { __type: 'InternalServerError', message: String(error.stack) })
        } else {
          const { name, message = `it is ${name}` } = error as Refusal
          send(outgoing, 400, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message })
        }
      }
    })
  })
  const endpoint = `http://127.0.0.1:${await listen(server)}`
  return {
    endpoint,
    region,
    account,
    requests,
    get operations() {
      return requests.map(({ operation }) => operation)
    },
    tables: state.tables,
    aliases: state.aliases,
    table: (name) => state.find({ TableName: name }),
    client: () => new DynamoDBClient({ endpoint, region, credentials: CREDENTIALS }),
    deny: (...operations) => {
      for (const operation of operations) denied.add(operation)
    },
    refuse: (operation, refusal, times = 1) => {
      for (let time = 0; time < times; time += 1) refusals.push({ operation, refusal })
    },
    reset() {
      requests.length = 0
      refusals.length = 0
      denied.clear()
      state.tables.clear()
      state.aliases.clear()
    },
    stop: () => stop(server),
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'REQUEST' })
  response.end(JSON.stringify(body))
}

function refuse(name: string, message?: string): Refusal {
  return message === undefined ? { name } : { name, message }
}

function invalid(message: string): Refusal {
  return refuse('ValidationException', message)
}

class State {
  readonly tables = new Map<string, StubTable>()
  readonly aliases = new Map<string, string>()
  readonly #settle: number
  readonly #region: string
  readonly #account: string

  constructor(settle: number, region: string, account: string) {
    this.#settle = settle
    this.#region = region
    this.#account = account
  }

  readonly operations: Readonly<Record<string, (input: Input) => object>> = {
    CreateTable: (input) => this.#create(input),
    DescribeTable: (input) => ({ Table: this.#description(this.#settled(this.find(input))) }),
    UpdateTable: (input) => this.#update(input),
    DeleteTable: (input) => this.#delete(input),
    DescribeTimeToLive: (input) => this.#describeTimeToLive(input),
    UpdateTimeToLive: (input) => this.#updateTimeToLive(input),
    DescribeContinuousBackups: (input) => this.#backups(this.find(input)),
    UpdateContinuousBackups: (input) => this.#updateBackups(input),
    ListTagsOfResource: (input) => this.#listTags(input),
    TagResource: ({ ResourceArn, Tags }) => {
      const { tags } = this.find({ TableName: ResourceArn })
      for (const { Key, Value } of Tags) tags.set(Key, Value)
      return {}
    },
    UntagResource: ({ ResourceArn, TagKeys }) => {
      const { tags } = this.find({ TableName: ResourceArn })
      for (const key of TagKeys) tags.delete(key)
      return {}
    },
    Scan: (input) => {
      const { items } = this.find(input)
      const Count = Math.min(items, input.Limit ?? items)
      return { Count, ScannedCount: Count, ...(input.Select !== 'COUNT' && { Items: [] }) }
    },
    Query: (input) => ({ ...(this.find(input) && { Items: [], Count: 0, ScannedCount: 0 }) }),
    GetItem: (input) => ({ ...(this.find(input) && {}) }),
    BatchGetItem: ({ RequestItems }) => ({
      Responses: Object.fromEntries(Object.keys(RequestItems).map((name) => [name, []])),
    }),
  }

  /** The table of a name or an ARN. */
  find({ TableName }: { TableName: string }): StubTable {
    const table = this.tables.get(this.#nameOf(TableName))
    if (!table) throw refuse('ResourceNotFoundException', `Requested resource not found: Table: ${TableName} not found`)
    return table
  }

  #nameOf(nameOrArn: string): string {
    const [, region, account, name] = /^arn:[^:]+:dynamodb:([^:]+):([^:]+):table\/(.+)$/.exec(nameOrArn) ?? []
    if (name === undefined) return nameOrArn
    if (region !== this.#region) throw invalid(`The region of ${nameOrArn} is not ${this.#region}`)
    if (account !== this.#account)
      throw refuse('AccessDeniedException', `no resource policy allows access to ${nameOrArn}`)
    return name
  }

  #create(input: CreateTableInput): object {
    const name = this.#nameOf(input.TableName ?? '')
    if (this.tables.has(name)) throw refuse('ResourceInUseException', `Table already exists: ${name}`)
    const billingMode = input.BillingMode ?? 'PROVISIONED'
    if (billingMode === 'PROVISIONED' && input.OnDemandThroughput)
      throw invalid('OnDemandThroughput needs PAY_PER_REQUEST')
    const indexes = input.GlobalSecondaryIndexes ?? []
    this.#checkCapacity(billingMode, input.ProvisionedThroughput, indexes)
    const known = new Set(input.AttributeDefinitions?.map(({ AttributeName }) => AttributeName))
    const used = [input.KeySchema ?? [], ...indexes.map(({ KeySchema }) => KeySchema ?? [])].flat()
    if (new Set(used.map(({ AttributeName }) => AttributeName)).size !== known.size) {
      throw invalid(
        'Number of attributes in KeySchema does not exactly match number of attributes in AttributeDefinitions',
      )
    }
    const table: StubTable = {
      name,
      arn: `arn:aws:dynamodb:${this.#region}:${this.#account}:table/${name}`,
      status: 'CREATING',
      pending: this.#settle,
      attributes: [...(input.AttributeDefinitions ?? [])],
      keySchema: input.KeySchema,
      created: 1_700_000_000 + this.tables.size,
      billingMode,
      everOnDemand: billingMode === 'PAY_PER_REQUEST',
      capacity: input.ProvisionedThroughput ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      maximum: input.OnDemandThroughput && { ...input.OnDemandThroughput },
      warm: { ...WARM },
      kmsKeyArn: undefined,
      tableClass: input.TableClass,
      deletionProtection: input.DeletionProtectionEnabled ?? false,
      indexes: indexes.map((index) => ({ ...index, status: 'CREATING' as const })),
      ttl: { status: 'DISABLED', pending: 0 },
      recovery: { on: false, days: 35 },
      tags: new Map(input.Tags?.map(({ Key = '', Value = '' }) => [Key, Value])),
      items: 0,
    }
    this.#encrypt(table, input.SSESpecification)
    this.#warm(table, input.WarmThroughput)
    this.tables.set(name, table)
    return { TableDescription: this.#description(table) }
  }

  #checkCapacity(
    mode: string,
    capacity: ProvisionedThroughput | undefined,
    indexes: readonly GlobalSecondaryIndex[],
  ): void {
    if (mode === 'PAY_PER_REQUEST') {
      if (!capacity && !indexes.some((index) => index.ProvisionedThroughput)) return
      throw invalid(
        'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      )
    }
    if (!capacity)
      throw invalid('ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED')
    const without = indexes.find((index) => !index.ProvisionedThroughput)
    if (without) throw invalid(`ProvisionedThroughput must be specified for index: ${without.IndexName}`)
  }

  #encrypt(table: StubTable, specification: CreateTableInput['SSESpecification']): void {
    if (!specification) return
    const { Enabled, KMSMasterKeyId } = specification
    if (!Enabled) {
      if (KMSMasterKeyId !== undefined) throw invalid('KMSMasterKeyId needs SSEEnabled')
      table.kmsKeyArn = undefined
      return
    }
    table.kmsKeyArn = this.#keyArn(KMSMasterKeyId ?? 'alias/aws/dynamodb')
  }

  #keyArn(id: string): string {
    const alias = /(?:^|:)(alias\/.+)$/.exec(id)?.[1]
    const key = alias === undefined ? id.replace(/^.*:key\//, '') : this.aliases.get(alias)
    if (key === undefined) throw invalid(`KMS validation error: Alias ${id} is not found.`)
    return `arn:aws:kms:${this.#region}:${this.#account}:key/${key}`
  }

  #warm(table: StubTable, warm: UpdateTableInput['WarmThroughput']): void {
    if (!warm) return
    const wanted = { ...table.warm, ...warm } as StubTable['warm']
    const lower =
      wanted.ReadUnitsPerSecond < table.warm.ReadUnitsPerSecond ||
      wanted.WriteUnitsPerSecond < table.warm.WriteUnitsPerSecond
    if (lower) throw invalid(`Requested warm throughput is less than the current ${JSON.stringify(table.warm)}`)
    table.warm = wanted
  }

  #update(input: UpdateTableInput): object {
    const table = this.find(input as { TableName: string })
    if (table.status !== 'ACTIVE') {
      throw refuse(
        'ResourceInUseException',
        `Attempt to change a resource which is still in use: Table is being ${table.status === 'CREATING' ? 'created' : 'updated'}: ${table.name}`,
      )
    }
    const { GlobalSecondaryIndexUpdates: updates = [] } = input
    const online = updates.filter(({ Create, Delete }) => Create || Delete)
    const throughput =
      input.BillingMode ||
      input.ProvisionedThroughput ||
      input.OnDemandThroughput ||
      updates.some(({ Update }) => Update)
    const kinds = [
      throughput,
      online.length > 0,
      input.SSESpecification,
      input.TableClass,
      input.DeletionProtectionEnabled !== undefined,
      input.WarmThroughput,
    ].filter(Boolean)
    if (kinds.length === 0) throw invalid('At least one of ProvisionedThroughput, BillingMode, … is required')
    if (kinds.length > 1) throw invalid('Only one kind of change can be made at once')
    if (online.length > 1) {
      throw refuse(
        'LimitExceededException',
        'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
      )
    }
    const busy = table.indexes.find(({ status }) => status !== 'ACTIVE')
    if (busy && online.length > 0) throw refuse('ResourceInUseException', `index ${busy.IndexName} is ${busy.status}`)
    if (throughput) this.#changeThroughput(table, input)
    if (online[0]) this.#changeIndex(table, online[0], input.AttributeDefinitions ?? [])
    this.#encrypt(table, input.SSESpecification)
    if (input.TableClass) table.tableClass = input.TableClass
    if (input.DeletionProtectionEnabled !== undefined) table.deletionProtection = input.DeletionProtectionEnabled
    this.#warm(table, input.WarmThroughput)
    table.status = 'UPDATING'
    table.pending = this.#settle
    return { TableDescription: this.#description(table) }
  }

  #changeThroughput(table: StubTable, input: UpdateTableInput): void {
    const { BillingMode: mode = table.billingMode, ProvisionedThroughput: capacity, OnDemandThroughput } = input
    const switched = mode !== table.billingMode
    const updates = (input.GlobalSecondaryIndexUpdates ?? []).flatMap(({ Update }) => (Update ? [Update] : []))
    const foreign = updates.find(({ IndexName }) => !table.indexes.some((index) => index.IndexName === IndexName))
    if (foreign)
      throw invalid(`This operation cannot be performed with given input values: no index ${foreign.IndexName}`)
    const indexes = table.indexes.map((index) => ({
      ...index,
      ProvisionedThroughput: updates.find(({ IndexName }) => IndexName === index.IndexName)?.ProvisionedThroughput,
    }))
    if (mode === 'PAY_PER_REQUEST') this.#checkCapacity(mode, capacity, indexes)
    else if (switched) this.#checkCapacity(mode, capacity, indexes)
    else if (JSON.stringify(capacity) === JSON.stringify(table.capacity)) {
      throw invalid(
        `The provisioned throughput for the table ${table.name} will not change. The requested value equals the current value.`,
      )
    }
    if (OnDemandThroughput && mode !== 'PAY_PER_REQUEST') throw invalid('OnDemandThroughput needs PAY_PER_REQUEST')
    table.billingMode = mode
    table.everOnDemand ||= mode === 'PAY_PER_REQUEST'
    if (capacity) table.capacity = capacity
    if (mode === 'PAY_PER_REQUEST') table.capacity = { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
    if (OnDemandThroughput) table.maximum = { ...table.maximum, ...OnDemandThroughput }
    table.indexes = table.indexes.map((index, at) => {
      const given = indexes[at]?.ProvisionedThroughput
      return mode === 'PAY_PER_REQUEST' || given ? { ...index, ProvisionedThroughput: given } : index
    })
  }

  #changeIndex(
    table: StubTable,
    { Create, Delete }: GlobalSecondaryIndexUpdate,
    attributes: readonly AttributeDefinition[],
  ): void {
    if (Delete) {
      const index = table.indexes.find(({ IndexName }) => IndexName === Delete.IndexName)
      if (!index) throw refuse('ResourceNotFoundException', 'Requested resource not found')
      index.status = 'DELETING'
      return
    }
    if (!Create) return
    if (table.indexes.some(({ IndexName }) => IndexName === Create.IndexName)) {
      throw invalid('Attempting to create an index which already exists')
    }
    this.#checkCapacity(table.billingMode, table.billingMode === 'PROVISIONED' ? table.capacity : undefined, [Create])
    for (const { AttributeName } of Create.KeySchema ?? []) {
      const given = attributes.find((attribute) => attribute.AttributeName === AttributeName)
      const known = table.attributes.find((attribute) => attribute.AttributeName === AttributeName)
      if (!given && !known) throw invalid(`Global Secondary Index attribute ${AttributeName} has no definition`)
      if (given && known && given.AttributeType !== known.AttributeType) {
        throw invalid(`Attribute ${AttributeName} is ${known.AttributeType} already`)
      }
      if (given && !known) table.attributes.push(given)
    }
    table.indexes.push({ ...Create, status: 'CREATING' })
  }

  #delete(input: { TableName: string }): object {
    const table = this.find(input)
    if (table.deletionProtection) {
      throw invalid(
        'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
      )
    }
    if (table.status !== 'ACTIVE') throw refuse('ResourceInUseException', `Table is ${table.status}`)
    table.status = 'DELETING'
    table.pending = this.#settle
    return { TableDescription: this.#description(table) }
  }

  /** The table, one step nearer to the end of a change. */
  #settled(table: StubTable): StubTable {
    if (table.status === 'ACTIVE') return table
    if (table.pending > 0) {
      table.pending -= 1
      return table
    }
    if (table.status === 'DELETING') {
      this.tables.delete(table.name)
      return this.find({ TableName: table.name })
    }
    table.status = 'ACTIVE'
    table.indexes = table.indexes.filter(({ status }) => status !== 'DELETING')
    for (const index of table.indexes) index.status = 'ACTIVE'
    const keys = [table.keySchema ?? [], ...table.indexes.map(({ KeySchema }) => KeySchema ?? [])].flat()
    table.attributes = table.attributes.filter(({ AttributeName }) =>
      keys.some((key) => key.AttributeName === AttributeName),
    )
    return table
  }

  #description(table: StubTable): object {
    const { billingMode, capacity } = table
    const provisioned = (units: ProvisionedThroughput = { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }) => ({
      NumberOfDecreasesToday: 0,
      ...units,
    })
    return {
      TableName: table.name,
      TableArn: table.arn,
      TableStatus: table.status,
      AttributeDefinitions: table.attributes,
      KeySchema: table.keySchema,
      CreationDateTime: table.created,
      ItemCount: table.items,
      TableSizeBytes: 0,
      ProvisionedThroughput: provisioned(capacity),
      ...(table.everOnDemand && { BillingModeSummary: { BillingMode: billingMode } }),
      ...(table.maximum && billingMode === 'PAY_PER_REQUEST' && { OnDemandThroughput: table.maximum }),
      WarmThroughput: { ...table.warm, Status: 'ACTIVE' },
      ...(table.kmsKeyArn && {
        SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: table.kmsKeyArn },
      }),
      ...(table.tableClass && { TableClassSummary: { TableClass: table.tableClass } }),
      DeletionProtectionEnabled: table.deletionProtection,
      ...(table.indexes.length > 0 && {
        GlobalSecondaryIndexes: table.indexes.map(({ status, ProvisionedThroughput, ...index }) => ({
          ...index,
          IndexStatus: status,
          IndexArn: `${table.arn}/index/${index.IndexName}`,
          ProvisionedThroughput: provisioned(ProvisionedThroughput),
          WarmThroughput: { ...table.warm, Status: 'ACTIVE' },
        })),
      }),
    }
  }

  #describeTimeToLive(input: { TableName: string }): object {
    const { ttl } = this.find(input)
    if (ttl.pending > 0) ttl.pending -= 1
    else if (ttl.status === 'ENABLING') ttl.status = 'ENABLED'
    else if (ttl.status === 'DISABLING') ttl.status = 'DISABLED'
    const named = ttl.status === 'DISABLED' ? {} : { AttributeName: ttl.attribute }
    return { TimeToLiveDescription: { TimeToLiveStatus: ttl.status, ...named } }
  }

  #updateTimeToLive(input: Input): object {
    const { ttl } = this.find(input)
    const { Enabled, AttributeName } = input.TimeToLiveSpecification
    if (ttl.status === 'ENABLING' || ttl.status === 'DISABLING') {
      throw invalid('Time to live has been modified multiple times within a fixed interval')
    }
    if (Enabled && ttl.status === 'ENABLED') throw invalid('TimeToLive is already enabled')
    if (!Enabled && ttl.status === 'DISABLED') throw invalid('TimeToLive is already disabled')
    if (!Enabled && AttributeName !== ttl.attribute) {
      throw invalid(`TimeToLive is active on a different AttributeName: current AttributeName is ${ttl.attribute}`)
    }
    Object.assign(ttl, { status: Enabled ? 'ENABLING' : 'DISABLING', attribute: AttributeName, pending: this.#settle })
    return { TimeToLiveSpecification: input.TimeToLiveSpecification }
  }

  #backups({ recovery: { on, days } }: StubTable): object {
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: on ? 'ENABLED' : 'DISABLED',
          ...(on && { RecoveryPeriodInDays: days }),
        },
      },
    }
  }

  #updateBackups(input: Input): object {
    const table = this.find(input)
    const { PointInTimeRecoveryEnabled: on, RecoveryPeriodInDays: days = 35 } = input.PointInTimeRecoverySpecification
    if (!(days >= 1 && days <= 35)) throw invalid('RecoveryPeriodInDays must be between 1 and 35')
    table.recovery = { on, days }
    return this.#backups(table)
  }

  /** Two tags a page, so that a caller has to read on. */
  #listTags({ ResourceArn, NextToken = '0' }: Input): object {
    const first = Number(NextToken)
    const tags = [...this.find({ TableName: ResourceArn }).tags].map(([Key, Value]) => ({ Key, Value }))
    const more = first + 2 < tags.length
    return { Tags: tags.slice(first, first + 2), ...(more && { NextToken: String(first + 2) }) }
  }

  /** The operation of KMS. */
  describeKey({ KeyId }: { KeyId: string }): object {
    const alias = /(?:^|:)(alias\/.+)$/.exec(KeyId)?.[1]
    if (alias !== undefined && !this.aliases.has(alias))
      throw refuse('NotFoundException', `Alias ${KeyId} is not found.`)
    const Arn = this.#keyArn(KeyId)
    return { KeyMetadata: { KeyId: Arn.replace(/^.*\//, ''), Arn } }
  }
}
