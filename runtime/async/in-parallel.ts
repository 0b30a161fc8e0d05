/**
 * Runs `work` for each value, for at most `width` values at once.
 *
 * @returns the results, in the order of the values
 * @throws the first failure, after all running work has finished; no new work is started
 */
export async function inParallel<T, R>(
  values: readonly T[],
  width: number,
  work: (value: T) => Promise<R>,
): Promise<R[]> {
  const queue = values.entries()
  const results: R[] = []
  const failures: unknown[] = []
  const worker = async () => {
    for (const [index, value] of queue) {
      if (failures.length > 0) return
      try {
        results[index] = await work(value)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, values.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
