/** Counts the connections that are in use. Requests that find none free wait in their order. */
export class Slots {
  #free: number
  /** Each function takes one slot when it is called, or none. */
  readonly #waiting = new Set<() => void>()

  /** @param most connections at a time */
  constructor(most: number) {
    this.#free = most
  }

  /** Takes a free slot. A caller that gets `true` has to {@link give} it back. */
  take(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  /** Gives a slot back. The request that has waited longest gets it. */
  give(): void {
    this.#free += 1
    for (const waiter of this.#waiting) {
      if (this.#free === 0) return
      this.#waiting.delete(waiter)
      waiter()
    }
  }

  /** @returns takes `start` out of the queue */
  inTurn(start: () => void): () => void {
    if (this.#free > 0) start()
    else this.#waiting.add(start)
    return () => void this.#waiting.delete(start)
  }

  /**
   * Waits for a slot.
   *
   * @param milliseconds how long at most
   * @returns false: none became free in time, or the signal was aborted
   */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      let leave = () => {}
      const end = (hasSlot: boolean) => {
        leave()
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        resolve(hasSlot)
      }
      const giveUp = () => end(false)
      const timer = setTimeout(giveUp, milliseconds)
      signal?.addEventListener('abort', giveUp, { once: true })
      if (signal?.aborted) giveUp()
      else leave = this.inTurn(() => void end(this.take()))
    })
  }
}
