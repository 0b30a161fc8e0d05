import type {
  BatchExecuteStatementCommandInput,
  BatchStatementResponse,
  DeleteItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { tableArn } from '../configuration/table-arn.js'
import { DENIED, isAwsError, isConditionFailed, isThrottling } from '../dynamodb/error-facts.js'
import { explainAwsError } from '../dynamodb/explain-error.js'
import type { Transport } from '../dynamodb/transport.js'
import { DynamoSessionError, TableRequestError } from '../errors.js'
import type { Item } from '../session/item/session-record.js'
import type { TableWork } from '../table/table-work.js'
import { DeleteStatements, deleteInput } from './delete-requests.js'
import type { CleaningRequests } from './requests.js'
import { outcomeOf, statementError } from './statement-outcome.js'

/** DynamoDB's limit for the statements of a batch ("BatchExecuteStatement", API reference). */
const LARGEST_BATCH = 25

/** Limit of the batches that one segment sends at once. */
const MOST_BATCHES = 6

/** How many DeleteItems one segment sends at once. */
const WIDTH = 5

const UNKNOWN_OPERATION = ['UnknownOperationException', 'UnknownOperation', 'InvalidAction']

/** Counts the outcomes of deletions. */
export interface Outcomes {
  deleted(sessions: number): void
  /** Counts sessions that were refreshed after the scan. */
  refreshed(sessions: number): void
}

/**
 * Deletes items that have not changed since the scan, in batches by PartiQL. Deletes one by one when the endpoint has no
 * PartiQL, or the role lacks `dynamodb:PartiQLDelete`.
 */
export class Deletions {
  readonly #work: TableWork
  readonly #requests: CleaningRequests
  readonly #outcomes: Outcomes
  readonly #rate: number | undefined
  readonly #statements: DeleteStatements
  #oneByOne: boolean
  /** Grows by one after each batch that DynamoDB carried out completely. Falls back to one after any other batch. */
  #width = 1
  #sessions = 0
  #units = 0

  constructor(work: TableWork, requests: CleaningRequests, outcomes: Outcomes, rate: number | undefined) {
    this.#work = work
    // PartiQL deletes only from tables of the caller's account.
    this.#oneByOne = tableArn(work.configuration.tableName) !== undefined
    this.#requests = requests
    this.#outcomes = outcomes
    this.#rate = rate
    this.#statements = new DeleteStatements(work.configuration)
  }

  /** How many batches one segment may send at once. */
  get width(): number {
    return this.#rate === undefined && !this.#oneByOne ? this.#width : 1
  }

  /** How many sessions to delete in a batch. With a rate: as many as the rate allows in a second. */
  get batchSize(): number {
    if (this.#rate === undefined) return LARGEST_BATCH
    if (this.#sessions === 0) return 1
    return Math.min(Math.max(Math.floor(this.#rate / this.#unitsPerSession()), 1), LARGEST_BATCH)
  }

  /**
   * Deletes at most {@link batchSize} items.
   *
   * @returns items without an outcome, because cleaning was stopped
   * @throws {TableRequestError}
   */
  async delete(seen: readonly Item[]): Promise<readonly Item[]> {
    if (seen.length === 0) return []
    if (this.#oneByOne) return await this.#singly(seen)
    try {
      return await this.#inBatch(seen)
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error
      if (!this.#oneByOne) this.#work.logger.info(error.message)
      this.#oneByOne = true
      return await this.#singly(error.left)
    }
  }

  async #inBatch(seen: readonly Item[]): Promise<readonly Item[]> {
    let left = seen
    for (let attempt = 0; ; attempt += 1) {
      const Statements = left.map((item) => this.#statements.of(item))
      const input: BatchExecuteStatementCommandInput = { Statements, ReturnConsumedCapacity: 'TOTAL' }
      const estimate = left.length * this.#unitsPerSession()
      const sent = await this.#requests
        .send('PartiQLDelete', estimate, (transport) =>
          transport.send('BatchExecuteStatement', input).catch((error: unknown) => {
            if (isThrottling(error)) this.#width = 1
            throw error
          }),
        )
        .catch((error) => {
          throw batchRefused(error, left) ?? error
        })
      if (!sent) return left
      this.#learn(left.length, sent.units)
      const { again, failure } = this.#count(left, sent.output.Responses ?? [])
      this.#width = again.length === 0 ? Math.min(this.#width + 1, MOST_BATCHES) : 1
      if (again.length === 0) return []
      if (again.length < left.length) attempt = 0
      left = again
      if (!(await this.#requests.pause(attempt, failure))) return left
    }
  }

  /** Counts the outcomes of the statements. Each one succeeds or fails alone, in a response with status 200. */
  #count(seen: readonly Item[], responses: readonly BatchStatementResponse[]): { again: Item[]; failure: unknown } {
    const { configuration, label } = this.#work
    if (responses.length !== seen.length) {
      throw new TableRequestError(
        `${label}: the endpoint does not respond to deletions like DynamoDB; check the endpoint`,
      )
    }
    const counts = { deleted: 0, refreshed: 0, again: 0, failed: 0 }
    for (const response of responses) counts[outcomeOf(response)] += 1
    this.#outcomes.deleted(counts.deleted)
    this.#outcomes.refreshed(counts.refreshed)
    if (counts.again + counts.failed === 0) return { again: [], failure: undefined }
    const outcomes = responses.map(outcomeOf)
    const reason = responses[outcomes.indexOf(counts.failed > 0 ? 'failed' : 'again')]
    const failure = explainAwsError(statementError(reason), { action: 'dynamodb:PartiQLDelete', configuration })
    if (counts.failed > 0) throw failure
    return { again: seen.filter((_, index) => outcomes[index] === 'again'), failure }
  }

  /** Deletes items by a request each. After a failure, running requests finish, and no new one starts. */
  async #singly(seen: readonly Item[]): Promise<readonly Item[]> {
    const queue = seen.values()
    const left: Item[] = []
    let failed = false
    const worker = async () => {
      for (const item of queue) {
        if (failed) return
        try {
          if (!(await this.#deleteOne(item))) left.push(item)
        } catch (error) {
          failed = true
          throw error
        }
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: Math.min(WIDTH, seen.length) }, worker))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return left
  }

  /** @returns false when cleaning was stopped before the request */
  async #deleteOne(item: Item): Promise<boolean> {
    const input = deleteInput(item, this.#work.configuration)
    const sent = await this.#requests.send('DeleteItem', this.#unitsPerSession(), (transport) =>
      deleteItem(transport, input),
    )
    if (!sent) return false
    this.#learn(1, sent.units)
    if (sent.output.refreshed) this.#outcomes.refreshed(1)
    else this.#outcomes.deleted(1)
    return true
  }

  #learn(sessions: number, units: number): void {
    this.#sessions += sessions
    this.#units += units
  }

  #unitsPerSession(): number {
    return this.#sessions > 0 ? this.#units / this.#sessions : 1
  }
}

/**
 * Deletes an item. A failed condition is not an error here. If a repeated request finds no item, an earlier attempt has
 * deleted the item, and its response was lost.
 */
async function deleteItem(transport: Transport, input: DeleteItemCommandInput) {
  try {
    const { ConsumedCapacity } = await transport.send('DeleteItem', input)
    return { ConsumedCapacity, refreshed: false }
  } catch (error) {
    if (!isConditionFailed(error)) throw error
    return { refreshed: (error.$metadata.attempts ?? 1) === 1 || error.Item !== undefined }
  }
}

/** The endpoint or the role does not allow PartiQL. Nothing of the batch was carried out. */
class BatchRefused extends DynamoSessionError {
  readonly left: readonly Item[]

  constructor(reason: string, left: readonly Item[], cause: unknown) {
    super(`deleting one by one: ${reason}`, { cause })
    this.left = left
  }
}

function batchRefused(error: unknown, left: readonly Item[]): BatchRefused | undefined {
  if (isAwsError(error, ...UNKNOWN_OPERATION)) return new BatchRefused('this endpoint has no PartiQL', left, error)
  if (isAwsError(error, ...DENIED)) return new BatchRefused('dynamodb:PartiQLDelete is not allowed', left, error)
  return undefined
}
