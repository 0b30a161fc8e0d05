/** The wall clock of this process, which can be set wrong. Imported before everything else, so that all others see it. */

const RightDate = Date
let offset = Number(process.env.HISTORY_CLOCK_OFFSET ?? 0)

/** @param milliseconds how far the wall clock is ahead from now on */
export function setClockOffset(milliseconds: number): void {
  offset = milliseconds
}

class WrongDate extends RightDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(WrongDate.now())
    else super(...(given as [number]))
  }

  static override now(): number {
    return RightDate.now() + offset
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return Object.prototype.toString.call(value) === '[object Date]'
  }
}

globalThis.Date = WrongDate as DateConstructor
