/**
 * The source of all decisions of a random test: from a seed, or as recorded before. A choice of 0 is the simplest one,
 * so that a failing test is made smaller by making its choices fewer and smaller.
 */
export class Choices {
  /** The choices made. */
  readonly made: number[] = []
  readonly #next: () => number

  private constructor(next: () => number) {
    this.#next = next
  }

  static ofSeed(seed: number): Choices {
    const random = mulberry32(seed)
    return new Choices(() => Math.floor(random() * 2 ** 32))
  }

  /** After the recorded ones, every choice is 0. */
  static recorded(choices: readonly number[]): Choices {
    let at = 0
    return new Choices(() => {
      const choice = choices[at] ?? 0
      at += 1
      return choice
    })
  }

  /** A whole number below `count`. */
  below(count: number): number {
    const choice = this.#next() % count
    this.made.push(choice)
    return choice
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }
}

/** Makes the choices of a failing test smaller, as long as it fails. */
export async function shrink(
  choices: readonly number[],
  fails: (choices: readonly number[]) => Promise<boolean>,
  budget = 1000,
): Promise<readonly number[]> {
  let smallest = choices
  let left = budget
  const improve = async (candidate: readonly number[]) => {
    if (left <= 0) return false
    left -= 1
    if (!(await fails(candidate))) return false
    smallest = candidate
    return true
  }
  for (let before = Number.POSITIVE_INFINITY; weightOf(smallest) < before && left > 0; ) {
    before = weightOf(smallest)
    for (let length = Math.max(1, smallest.length >> 1); length >= 1; length >>= 1) {
      for (let at = smallest.length - length; at >= 0; at -= length) {
        await improve([...smallest.slice(0, at), ...smallest.slice(at + length)])
      }
    }
    for (let at = 0; at < smallest.length; at += 1) {
      for (const choice of [0, 1, 2, 3]) {
        if (choice < (smallest[at] ?? 0) && (await improve(smallest.with(at, choice)))) break
      }
    }
  }
  return smallest
}

function weightOf(choices: readonly number[]): number {
  return choices.length * 1000 + choices.reduce((sum, choice) => sum + choice, 0)
}

/** "Mulberry32", Tommy Ettinger's 32-bit generator, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
