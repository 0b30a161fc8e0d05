/**
 * Each sender sends one request after the other, until there were so many in all.
 *
 * @param {(() => Promise<unknown>)[]} senders
 * @param {number} requests
 * @returns {Promise<{ cpu: number, rate: number }>} CPU time of this process, in microseconds a request; requests a second
 */
export async function cpuAndRate(senders, requests) {
  let left = requests
  const work = async (send) => {
    while (left-- > 0) await send()
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(senders.map(work))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / requests, rate: requests / seconds }
}
