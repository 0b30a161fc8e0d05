import type { ScanCommandInput, ScanCommandOutput } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { TableRequestError } from '../errors.js'
import { ownSessions } from '../session/item/is-session.js'
import type { Item } from '../session/item/session-record.js'
import { otherKey } from '../session/requests/errors.js'
import { Expression } from '../session/requests/expression.js'
import { seenAttributes } from './delete-requests.js'
import type { CleaningRequests, Sent } from './requests.js'

/** Limit of the items on a page, so that memory use does not grow with the table. */
const LONGEST_PAGE = 1000

/** Estimate for the first page: an eventually consistent read of up to 4 KB. */
const FIRST_UNITS_PER_ITEM = 0.5

export interface Page {
  /** Sessions of this application. */
  readonly items: readonly Item[]
  /** How many other items DynamoDB scanned. They were not fetched. */
  readonly foreign: number
  /** The start of the next page; undefined: this was the last page. */
  readonly next: Item | undefined
}

/** What a scan reads, and how much at once. */
export interface ScanSettings {
  /** How many parts of the table are read at the same time. */
  readonly segments: number
  /** Capacity units a second. */
  readonly rate: number | undefined
  /** Reads whole items. Without it, only what a deletion needs. */
  readonly whole?: boolean
  /** Limit of the items on a page. */
  readonly longestPage?: number
}

/**
 * Reads keys and times of the sessions, or whole items, in several segments at once. Eventually consistent reads cost half, and are enough:
 * each deletion checks the item again.
 */
export class Scan {
  readonly #configuration: Configuration
  readonly #requests: CleaningRequests
  readonly #segments: number
  readonly #rate: number | undefined
  readonly #whole: boolean
  readonly #longestPage: number
  #scanned = 0
  #units = 0

  constructor(
    configuration: Configuration,
    requests: CleaningRequests,
    { segments, rate, whole = false, longestPage = LONGEST_PAGE }: ScanSettings,
  ) {
    this.#configuration = configuration
    this.#requests = requests
    this.#segments = segments
    this.#rate = rate
    this.#whole = whole
    this.#longestPage = longestPage
  }

  /** @returns undefined when cleaning was stopped before the page was read */
  async page(segment: number, start: Item | undefined): Promise<Page | undefined> {
    const { tableName, tableKey } = this.#configuration
    const sent = await this.#send(segment, start, this.#limit())
    if (!sent) return undefined
    const { Items, LastEvaluatedKey } = sent.output
    if (!Items) {
      throw new TableRequestError(
        `table "${tableName}": the endpoint does not respond to a Scan like DynamoDB; check the option endpoint`,
      )
    }
    if (Items.some((item) => item[tableKey]?.S === undefined)) throw otherKey(this.#configuration)
    const { ScannedCount = Items.length } = sent.output
    this.#scanned += ScannedCount
    this.#units += sent.units
    return { items: Items, foreign: ScannedCount - Items.length, next: LastEvaluatedKey }
  }

  /** Reads one item. Only the date of the response matters. */
  async probe(): Promise<void> {
    await this.#send(0, undefined, 1)
  }

  #send(segment: number, start: Item | undefined, limit: number): Promise<Sent<ScanCommandOutput> | undefined> {
    const expression = new Expression(this.#configuration.tableKey)
    const attributes = this.#whole ? [] : seenAttributes(this.#configuration).map((name) => expression.name(name))
    const input: ScanCommandInput = {
      TableName: this.#configuration.tableName,
      Segment: segment,
      TotalSegments: this.#segments,
      Limit: limit,
      ...(attributes.length > 0 && { ProjectionExpression: attributes.join(', ') }),
      FilterExpression: ownSessions(expression, this.#configuration),
      ExpressionAttributeNames: expression.names,
      ExpressionAttributeValues: expression.values,
      ReturnConsumedCapacity: 'TOTAL',
      ...(start && { ExclusiveStartKey: start }),
    }
    const estimate = limit * this.#unitsPerItem()
    return this.#requests.send('Scan', estimate, (transport) => transport.send('Scan', input))
  }

  /** Limit of the items on a page. With a rate, reading one page of every segment takes about a second in all. */
  #limit(): number {
    if (this.#rate === undefined) return this.#longestPage
    const fitting = Math.floor(this.#rate / this.#segments / this.#unitsPerItem())
    return Math.min(Math.max(fitting, 1), this.#longestPage)
  }

  #unitsPerItem(): number {
    return this.#scanned > 0 ? this.#units / this.#scanned : FIRST_UNITS_PER_ITEM
  }
}
