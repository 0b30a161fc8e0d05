import type {
  BatchExecuteStatementCommandInput,
  BatchStatementResponse,
  DeleteItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { DENIED, isAwsError, isConditionFailed } from '../dynamodb/error-facts.js'
import { explainAwsError } from '../dynamodb/explain-error.js'
import type { Transport } from '../dynamodb/transport.js'
import { DynamoSessionError, TableRequestError } from '../errors.js'
import type { Item } from '../session/item/session-record.js'
import type { TableWork } from '../table/table-work.js'
import { deleteInput, deleteStatement } from './delete-requests.js'
import type { CleaningRequests } from './requests.js'
import { statementError, verdictOf } from './statement-outcome.js'

/** DynamoDB's limit of statements in a batch ("BatchExecuteStatement", API reference). */
const LARGEST_BATCH = 25

/** Batches that one segment has in flight at most. */
const MOST_BATCHES = 6

/** DeleteItems that one segment has in flight at once. */
const WIDTH = 5

const UNKNOWN_OPERATION = ['UnknownOperationException', 'UnknownOperation', 'InvalidAction']

/** Told how deletes end. */
export interface Outcomes {
  deleted(sessions: number): void
  /** The session was refreshed since the scan saw it. */
  refreshed(sessions: number): void
}

/**
 * Deletes items that are still as the scan saw them: in batches by PartiQL, or, once that turned out not to be
 * possible (the engine has no PartiQL, the role lacks `dynamodb:PartiQLDelete`), one by one.
 */
export class Deletions {
  readonly #work: TableWork
  readonly #requests: CleaningRequests
  readonly #outcomes: Outcomes
  readonly #rate: number | undefined
  #oneByOne = false
  /** One more after each batch that DynamoDB took as a whole, one again when it had enough. */
  #width = 1
  #sessions = 0
  #units = 0

  constructor(work: TableWork, requests: CleaningRequests, outcomes: Outcomes, rate: number | undefined) {
    this.#work = work
    this.#requests = requests
    this.#outcomes = outcomes
    this.#rate = rate
  }

  /** How many batches one segment may have under way. */
  get width(): number {
    return this.#rate === undefined && !this.#oneByOne ? this.#width : 1
  }

  /** How many to delete at once: what a second of the rate allows, as far as is known what a delete consumes. */
  get batchSize(): number {
    if (this.#rate === undefined) return LARGEST_BATCH
    if (this.#sessions === 0) return 1
    return Math.min(Math.max(Math.floor(this.#rate / this.#unitsPerSession()), 1), LARGEST_BATCH)
  }

  /**
   * Deletes at most a batch of items.
   *
   * @returns those that nothing was heard of, because cleaning was stopped
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
    const { configuration } = this.#work
    let left = seen
    for (let attempt = 0; ; attempt += 1) {
      const Statements = left.map((item) => deleteStatement(item, configuration))
      const input: BatchExecuteStatementCommandInput = { Statements, ReturnConsumedCapacity: 'TOTAL' }
      const estimate = left.length * this.#unitsPerSession()
      const sent = await this.#requests
        .send('PartiQLDelete', estimate, (transport) => transport.send('BatchExecuteStatement', input))
        .catch((error) => {
          throw batchRefused(error, left) ?? error
        })
      if (!sent) return left
      this.#learn(left.length, sent.units)
      const { again, failure } = this.#judge(left, sent.answer.Responses ?? [])
      this.#width = again.length === 0 ? Math.min(this.#width + 1, MOST_BATCHES) : 1
      if (again.length === 0) return []
      if (again.length < left.length) attempt = 0
      left = again
      if (!(await this.#requests.pause(attempt, failure))) return left
    }
  }

  /** What each statement came to: those of a batch succeed and fail by themselves, in an answer with status 200. */
  #judge(seen: readonly Item[], responses: readonly BatchStatementResponse[]): { again: Item[]; failure: unknown } {
    const { configuration, label } = this.#work
    if (responses.length !== seen.length) {
      throw new TableRequestError(`${label}: the endpoint does not answer deletes like DynamoDB; check the endpoint`)
    }
    const verdicts = responses.map(verdictOf)
    this.#outcomes.deleted(verdicts.filter((verdict) => verdict === 'deleted').length)
    this.#outcomes.refreshed(verdicts.filter((verdict) => verdict === 'refreshed').length)
    const explained = (response: BatchStatementResponse | undefined) =>
      explainAwsError(statementError(response), { action: 'dynamodb:PartiQLDelete', configuration })
    const failed = verdicts.indexOf('failed')
    if (failed >= 0) throw explained(responses[failed])
    const again = seen.filter((_, index) => verdicts[index] === 'again')
    return { again, failure: again.length > 0 ? explained(responses[verdicts.indexOf('again')]) : undefined }
  }

  /** All that were begun are finished also when one fails. */
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

  /** False when cleaning was stopped before. */
  async #deleteOne(item: Item): Promise<boolean> {
    const input = deleteInput(item, this.#work.configuration)
    const sent = await this.#requests.send('DeleteItem', this.#unitsPerSession(), (transport) =>
      deleteItem(transport, input),
    )
    if (!sent) return false
    this.#learn(1, sent.units)
    if (sent.answer.refreshed) this.#outcomes.refreshed(1)
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
 * A failed condition is no error here. When the request was repeated and there is no item any more, an earlier attempt
 * has deleted it, of which only the answer was lost.
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

/** PartiQL can't be used here, and nothing of the batch was carried out. */
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
