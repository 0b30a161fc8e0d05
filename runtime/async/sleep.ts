/** Every wait of this package. Most tests put a shorter one in its place (test/support/quick-sleep.ts). */
export { setTimeout as sleep } from 'node:timers/promises'
