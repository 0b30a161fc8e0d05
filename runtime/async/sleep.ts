/**
 * All waits of this package use this function, except `backOff`. Most tests replace it by a shorter one
 * (test/support/quick-sleep.ts).
 */
export { setTimeout as sleep } from 'node:timers/promises'
