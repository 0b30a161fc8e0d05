/** The real ones: tests may fake timers meanwhile. */
const { setImmediate: turn } = globalThis
const { hrtime } = process

/** Milliseconds. As long as `vi.waitFor` waits, which would move faked timers on. */
const PATIENCE = 20_000

/** Waits, without a look at faked clocks, until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = hrtime.bigint() + BigInt(PATIENCE) * 1_000_000n
  while (!condition()) {
    if (hrtime.bigint() > end) throw new Error(`in vain waited for: ${condition}`)
    await new Promise((resolve) => turn(resolve))
  }
}
