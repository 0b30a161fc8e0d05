import { vi } from 'vitest'

/** As long as `vi.waitFor` and `expect.poll` wait (vitest.config.ts): the default of a second is short on a busy machine. */
const PATIENCE = 20_000

type WaitFor = typeof vi.waitFor & { isPatient?: true }

const { waitFor } = vi as { waitFor: WaitFor }
if (!waitFor.isPatient) {
  const patient: WaitFor = (callback, options = {}) =>
    waitFor(callback, typeof options === 'number' ? options : { timeout: PATIENCE, ...options })
  vi.waitFor = Object.assign(patient, { isPatient: true as const })
}
