/** A route waits here until the test opens the gate. */
export class Gate {
  readonly entered: Promise<void>
  readonly #opened: Promise<void>
  #enter: () => void = () => undefined
  #open: () => void = () => undefined

  constructor() {
    this.entered = new Promise((resolve) => {
      this.#enter = resolve
    })
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** Called by the route. */
  wait(): Promise<void> {
    this.#enter()
    return this.#opened
  }

  /** Called by the test. */
  open(): void {
    this.#open()
  }
}
