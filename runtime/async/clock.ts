/** Milliseconds since the epoch. Injected, so that tests decide the time. */
export type Clock = () => number

/**
 * Milliseconds since the epoch, by this machine's clock as it is set now. For every decision about a time that is stored
 * or sent. The clock may step at any moment; it is read anew each time.
 */
export const wallClock: Clock = () => Date.now()

/** Milliseconds since some moment, which no setting of the clock changes. For durations, waits and deadlines. */
export const monotonic: Clock = () => performance.now()
