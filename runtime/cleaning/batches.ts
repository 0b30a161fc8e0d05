import type { Item } from '../session/item/session-record.js'

/** Deletes the batches of one segment, several at once. */
export class Batches {
  readonly #delete: (batch: readonly Item[]) => Promise<boolean>
  readonly #width: () => number
  readonly #running = new Set<Promise<void>>()
  readonly #failures: unknown[] = []
  #complete = true

  /**
   * @param remove deletes a batch; false when cleaning was stopped before all items were deleted
   * @param width how many batches may run now
   */
  constructor(remove: (batch: readonly Item[]) => Promise<boolean>, width: () => number) {
    this.#delete = remove
    this.#width = width
  }

  /**
   * Starts a batch as soon as fewer than `width` batches run.
   *
   * @throws the failure of an earlier batch; this batch is not started then
   */
  async add(batch: readonly Item[]): Promise<void> {
    while (this.#running.size >= this.#width()) await Promise.race(this.#running)
    this.#assertNoFailure()
    const work: Promise<void> = this.#run(batch).finally(() => this.#running.delete(work))
    this.#running.add(work)
  }

  /**
   * Waits for all batches.
   *
   * @returns false when cleaning was stopped before all batches were deleted
   * @throws the failure of a batch
   */
  async end(): Promise<boolean> {
    await this.settled()
    this.#assertNoFailure()
    return this.#complete
  }

  /** Waits for all batches. Does not throw when one has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(batch: readonly Item[]): Promise<void> {
    try {
      if (!(await this.#delete(batch))) this.#complete = false
    } catch (error) {
      this.#failures.push(error)
    }
  }

  #assertNoFailure(): void {
    if (this.#failures.length > 0) throw this.#failures[0]
  }
}
