/**
 * CPU time of a call, other threads included.
 *
 * @param {number} calls
 * @param {() => unknown} work
 * @returns {Promise<number>} microseconds
 */
export async function cpuOf(calls, work) {
  const start = process.cpuUsage()
  for (let call = 0; call < calls; call += 1) await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / calls
}
