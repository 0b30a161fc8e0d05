import { Choices, shrink } from './choices.js'
import type { Outcome } from './oracle.js'
import { modelTable, type Table } from './tables.js'

export type Scenario = (choices: Choices, table: Table) => Promise<Outcome>

export interface Exploration {
  readonly runs: number
  /** How often each violation was seen. */
  readonly violations: Readonly<Record<string, number>>
  /** A short schedule for each, with the seed of the run that it was found in. */
  readonly examples: readonly string[]
  readonly orphans: number
  readonly lost: number
  readonly logouts: number
  readonly renewals: number
}

export interface ExploreSettings {
  readonly runs: number
  /** Of the first run; the others have those that follow. Default: that of the environment variable SEED. */
  readonly seed?: number
  /** An empty table. Default: of the model. */
  readonly tableFor?: (choices: Choices) => Table | Promise<Table>
  /** How many runs it may take to make one with a violation shorter. */
  readonly shrinking?: number
}

/** Runs a scenario with many seeds, and makes the first run with each violation as short as it gets. */
export async function explore(
  scenario: Scenario,
  { runs, seed = Number(process.env.SEED ?? 1), tableFor = modelTable, shrinking = 1000 }: ExploreSettings,
): Promise<Exploration> {
  /** A run that fails in another way is not what is looked for. */
  const violationsOf = async (made: readonly number[]) => {
    const choices = Choices.recorded(made)
    return await scenario(choices, await tableFor(choices)).then(
      (outcome) => outcome.violations,
      (): readonly string[] => [],
    )
  }
  const violations: Record<string, number> = {}
  const firsts = new Map<string, { seed: number; made: readonly number[] }>()
  const total = { orphans: 0, lost: 0, logouts: 0, renewals: 0 }
  for (let n = 0; n < runs; n += 1) {
    const choices = Choices.ofSeed(seed + n)
    const outcome = await scenario(choices, await tableFor(choices))
    total.orphans += outcome.orphans
    total.lost += Number(outcome.isLost)
    total.logouts += Number(outcome.wasLoggedOut)
    total.renewals += outcome.renewals
    for (const violation of outcome.violations) {
      violations[violation] = (violations[violation] ?? 0) + 1
      if (!firsts.has(violation)) firsts.set(violation, { seed: seed + n, made: choices.made })
    }
  }
  const examples: string[] = []
  for (const [violation, first] of firsts) {
    const short = await shrink(first.made, async (made) => (await violationsOf(made)).includes(violation), shrinking)
    const choices = Choices.recorded(short)
    const { schedule } = await scenario(choices, await tableFor(choices))
    examples.push(`${violation} (seed ${first.seed}):\n${schedule.map((line) => `  ${line}`).join('\n')}`)
  }
  return { runs, violations, examples, ...total }
}

/** For a failing test: how often what was seen, and a short schedule of each. */
export function inWords({ runs, violations, examples }: Exploration): string {
  const counts = Object.entries(violations).map(([violation, count]) => `${count} of ${runs}: ${violation}`)
  return [...counts, ...examples].join('\n\n')
}
