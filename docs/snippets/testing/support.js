import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import dynalite from 'dynalite'
import { createTable, deleteTable } from 'dynamo-session-store'
import { DynamoSessionStore } from 'dynamo-session-store/express'
import { createApp } from './app.js'

/** Starts the application with a new table, in dynalite or in the DynamoDB of the environment. */
export async function startTestApp() {
  const local = process.env.AWS_ENDPOINT_URL_DYNAMODB ? undefined : await start(dynalite({ createTableMs: 20 }))
  const options = { endpoint: local?.url, tableName: `sessions-${randomUUID()}`, maxStale: 3600 }
  await createTable(options)
  const store = new DynamoSessionStore(options)
  const browser = await startBrowser(createApp(store))
  async function stop() {
    await browser.stop()
    await deleteTable(options)
    await store.close()
    await local?.stop()
  }
  return { store, browser, stop }
}

/**
 * Starts an application, and a browser with one cookie.
 *
 * @param {import('node:http').RequestListener} app
 */
export async function startBrowser(app) {
  const { url, stop } = await start(createServer(app))
  let cookie = ''
  /** @type {(method: string, path: string) => Promise<string>} */
  async function request(method, path) {
    const response = await fetch(url + path, { method, headers: { cookie } })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return await response.text()
  }
  /** @type {(path: string) => Promise<string>} */
  const get = (path) => request('GET', path)
  /** @type {(path: string) => Promise<string>} */
  const post = (path) => request('POST', path)
  return { get, post, stop }
}

/** @param {import('node:http').Server} server */
async function start(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { url: `http://127.0.0.1:${port}`, stop: () => new Promise((resolve) => server.close(resolve)) }
}
