import type { Item } from '../session/item/session-record.js'

/** Deletes the batches of one segment, several at the same time. */
export class Batches {
  readonly #delete: (batch: readonly Item[]) => Promise<boolean>
  readonly #width: () => number
  readonly #underWay = new Set<Promise<void>>()
  readonly #failures: unknown[] = []
  #complete = true

  /**
   * @param remove deletes a batch; false when cleaning was stopped before its end
   * @param width how many batches may be under way now
   */
  constructor(remove: (batch: readonly Item[]) => Promise<boolean>, width: () => number) {
    this.#delete = remove
    this.#width = width
  }

  /**
   * Begins with a batch as soon as there is room for it.
   *
   * @throws what an earlier batch failed with; this one is not begun then
   */
  async add(batch: readonly Item[]): Promise<void> {
    while (this.#underWay.size >= this.#width()) await Promise.race(this.#underWay)
    this.#assertNoFailure()
    const work: Promise<void> = this.#run(batch).finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  /**
   * Waits for all batches.
   *
   * @returns false when cleaning was stopped before one of them was deleted
   * @throws what one of them failed with
   */
  async end(): Promise<boolean> {
    await this.settled()
    this.#assertNoFailure()
    return this.#complete
  }

  /** Waits for all batches, whatever becomes of them. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
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
