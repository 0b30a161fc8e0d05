/** A timeout for the requests of one client. It does not run out by itself, however slow the machine is. */
export interface RequestTimeout {
  /** For `requestTimeout` of a request handler: so many that nothing else has the same number. Milliseconds. */
  readonly milliseconds: number
  /** How many requests it runs for at present. */
  readonly running: number
  /** Lets it run out for the requests that have no answer yet, or for the oldest ones of them. */
  runOut(count?: number): void
  end(): void
}

/** Callbacks of the timers that are set, by their milliseconds. */
const timers = new Map<number, Map<NodeJS.Timeout, () => void>>()
const { setTimeout: set, clearTimeout: clear } = globalThis
let next = 10_000_000

export function requestTimeout(): RequestTimeout {
  if (timers.size === 0) watchTimers()
  const milliseconds = next++
  const own = new Map<NodeJS.Timeout, () => void>()
  timers.set(milliseconds, own)
  return {
    milliseconds,
    get running() {
      return own.size
    },
    runOut(count = own.size) {
      for (const [timer, callback] of [...own].slice(0, count)) {
        globalThis.clearTimeout(timer)
        callback()
      }
    },
    end() {
      timers.delete(milliseconds)
      if (timers.size === 0) Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })
    },
  }
}

function watchTimers(): void {
  globalThis.setTimeout = Object.assign((callback: () => void, milliseconds?: number, ...rest: []) => {
    const timer = set(callback, milliseconds, ...rest)
    timers.get(milliseconds ?? 0)?.set(timer, callback)
    return timer
  }, set) as typeof setTimeout
  globalThis.clearTimeout = (timer) => {
    for (const own of timers.values()) own.delete(timer as NodeJS.Timeout)
    clear(timer)
  }
}
