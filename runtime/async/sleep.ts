/** Every wait of this package uses this function. Most tests replace it by a shorter one (test/support/quick-sleep.ts). */
export { setTimeout as sleep } from 'node:timers/promises'
