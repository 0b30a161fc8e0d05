import fc, { type IAsyncProperty } from 'fast-check'
import { afterEach, expect, it } from 'vitest'

/**
 * Sentences, and the properties of fast-check that prove them. `object`, because their types have no common one.
 * `test/unit/properties.test.ts` runs each quickly, `test/slow/properties.test.ts` with many more inputs.
 */
export type Properties = Readonly<Record<string, object>>

/**
 * The seed of all inputs. All runs have the same inputs, so that a change fails only by its own faults. Other inputs:
 * `PROPERTY_SEED=42 npx vitest run --project slow test/slow/properties.test.ts`.
 */
export const SEED = Number(process.env.PROPERTY_SEED ?? 20_261_129)

/**
 * Runs each property as a test. If a run fails, fast-check shrinks the input, and prints the seed that repeats the run.
 *
 * @param numRuns inputs for each property
 */
export function checkAll(properties: Properties, numRuns: number): void {
  const before = globalMembers()
  afterEach(() => expect(globalMembers()).toEqual(before))
  it.each(Object.entries(properties))('%s', async (_, property) => {
    await fc.assert(property as IAsyncProperty<unknown>, { numRuns, seed: SEED })
  })
}

/** The members of the prototypes that polluted data would change. */
function globalMembers(): unknown[] {
  return [Object, Array, Function, String, Map, Set, Promise, Uint8Array].map(({ prototype }) =>
    Reflect.ownKeys(prototype as object).map(String),
  )
}
