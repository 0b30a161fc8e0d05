/** Milliseconds since the epoch. Callers pass a clock, so that tests choose the time. */
export type Clock = () => number

/**
 * Milliseconds since the epoch, by this machine's clock. For times that are stored or sent. Read the clock anew for each
 * decision: the clock may be set at any moment.
 */
export const wallClock: Clock = () => Date.now()

/** Milliseconds since a fixed moment. Setting the machine's clock does not change them. For durations, waits and deadlines. */
export const monotonic: Clock = () => performance.now()
