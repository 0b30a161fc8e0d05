/** Limits the connections in use. A request without a free connection waits in a queue. */
export class Slots {
  #free: number
  /** Each function takes one slot or none. */
  readonly #waiting = new Set<() => void>()

  /** @param most connections at a time */
  constructor(most: number) {
    this.#free = most
  }

  /** Takes a free slot. After `true`, the caller has to {@link give} the slot back. */
  take(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  /** Gives a slot back. The first request of the queue gets it. */
  give(): void {
    this.#free += 1
    for (const waiter of this.#waiting) {
      if (this.#free === 0) return
      this.#waiting.delete(waiter)
      waiter()
    }
  }

  /** @returns a function that takes `start` out of the queue */
  inTurn(start: () => void): () => void {
    if (this.#free > 0) start()
    else this.#waiting.add(start)
    return () => void this.#waiting.delete(start)
  }

  /**
   * Waits for a slot.
   *
   * @param milliseconds the longest wait
   * @returns false: no slot became free in time, or the signal was aborted
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
