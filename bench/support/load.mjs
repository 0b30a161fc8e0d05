import { Pool } from 'undici'

/** Requests that are under way at a time. */
const IN_FLIGHT = 32

/**
 * Sends requests for as long, or as many, as wanted, always 32 at a time.
 *
 * @param {string} url
 * @param {{ until: (sent: number) => boolean, headers: (number: number) => Record<string, string>, body: string }} plan
 * `until` ends it; `headers` of the n-th request; `body` that every answer must have
 * @returns {Promise<{ count: number, seconds: number }>}
 */
export async function load(url, { until, headers, body }) {
  const pool = new Pool(url, { connections: IN_FLIGHT, pipelining: 1 })
  let sent = 0
  const worker = async () => {
    while (!until(sent)) {
      const response = await pool.request({ path: '/', method: 'GET', headers: headers(sent++) })
      const text = await response.body.text()
      if (text !== body) throw new Error(`${url} answered ${response.statusCode} ${text.slice(0, 500)}`)
    }
  }
  const start = performance.now()
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
    return { count: sent, seconds: (performance.now() - start) / 1000 }
  } finally {
    await pool.destroy()
  }
}
