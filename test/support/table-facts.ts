import type { IndexFacts, TableFacts } from '../../runtime/table/describe-table.js'
import type { LiveTable } from '../../runtime/table/live-table.js'

/** A table that createTable has just made with the default options, with these differences. */
export function tableFacts(more: Partial<TableFacts> = {}): TableFacts {
  return {
    name: 'sessions',
    arn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/sessions',
    status: 'ACTIVE',
    key: [{ name: 'session_id', type: 'S' }],
    billingMode: 'pay_per_request',
    capacity: undefined,
    maxRequestUnits: { read: 0, write: 0 },
    warmThroughput: { read: 12_000, write: 4_000 },
    kmsKeyArn: undefined,
    tableClass: 'standard',
    itemCount: 0,
    deletionProtection: false,
    createdAt: undefined,
    indexes: [],
    ...more,
  }
}

/** An index that createTable has just made for a key, with these differences. */
export function indexFacts(key: string, more: Partial<IndexFacts> = {}): IndexFacts {
  return {
    name: `${key}-index`,
    status: 'ACTIVE',
    key: [{ name: key, type: 'S' }],
    projection: 'KEYS_ONLY',
    capacity: undefined,
    ...more,
  }
}

/** The live table as DynamoDB shows it after createTable with the default options, with these differences. */
export function liveTable(more: Partial<LiveTable> = {}): LiveTable {
  return {
    table: tableFacts(),
    timeToLive: { value: { status: 'ENABLED', attribute: 'expire_at' } },
    recovery: { value: { on: false, days: undefined } },
    tags: { value: {} },
    aliasedKey: undefined,
    ...more,
  }
}
