// One Express application in a process of its own: without sessions, or with sessions in one of the stores.
import { fork } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createRequire } from 'node:module'
import { applicationEnvironment } from './environment.mjs'

const SECRET = 'a secret of the bench'
const MAX_AGE = 14 * 24 * 3600 * 1000

/** How each is made, as its users make it: DynamoDB is where the environment says. */
const STORES = {
  ours: async () => oursWith({}),
  'ours, batch_reads off': async () => oursWith({ batchReads: false }),
  'ours, touch_interval 0': async () => oursWith({ touchInterval: 0 }),
  'connect-dynamodb': async (session) => {
    const require = createRequire(new URL('../package.json', import.meta.url))
    const DynamoDBStore = require('connect-dynamodb')(session)
    return new DynamoDBStore({ table: 'theirs', initialized: true })
  },
}

if (process.argv[1] === import.meta.filename) await serve(process.argv[2])

/**
 * @param {'without sessions' | keyof typeof STORES} kind
 * @param {string} endpoint DynamoDB's
 * @param {string[]} [flags] of Node
 * @returns {Promise<Server>}
 *
 * @typedef {object} Server
 * @property {string} url `GET /` reads the session, `POST /change` changes it, `POST /login` begins one
 * @property {(what: 'cpu' | 'memory') => Promise<any>} ask microseconds of CPU time so far; or `heap`, after garbage
 * collection (needs --expose-gc), and `peak`, of the resident set, both in bytes
 * @property {() => Promise<void>} close
 */
export async function startExpress(kind, endpoint, flags = []) {
  const env = applicationEnvironment(endpoint)
  const child = fork(import.meta.filename, [kind], { env, execArgv: flags })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const answer = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`Express (${kind}) ended with exit code ${code}`))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        resolve(message)
      })
    })
  const port = await answer()
  return {
    url: `http://127.0.0.1:${port}`,
    ask(what) {
      child.send(what)
      return answer()
    },
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

/** The cookie with which a browser has the session of that id. */
export function cookieOf(id) {
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
}

async function serve(kind) {
  const { default: express } = await import('express')
  const app = express()
  if (kind !== 'without sessions') {
    const { default: session } = await import('express-session')
    const store = await STORES[kind](session)
    const cookie = { maxAge: MAX_AGE }
    app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false, cookie }))
  }
  app.get('/', (request, response) => response.json({ user: request.session ? request.session.user_id : 4711 }))
  app.post('/change', (request, response) => {
    request.session.changes = (request.session.changes ?? 0) + 1
    response.json({ changes: request.session.changes })
  })
  app.post('/login', express.json(), (request, response) => {
    Object.assign(request.session, request.body)
    response.json({ id: request.sessionID })
  })
  process.on('message', (what) => process.send(what === 'cpu' ? cpuTime() : memory()))
  process.once('disconnect', () => process.exit())
  const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port))
}

async function oursWith(options) {
  const { DynamoSessionStore } = await import('../../dist/runtime/express.js')
  return new DynamoSessionStore({ tableName: 'ours', ...options })
}

function cpuTime() {
  const { user, system } = process.cpuUsage()
  return user + system
}

function memory() {
  globalThis.gc()
  globalThis.gc()
  return { heap: process.memoryUsage().heapUsed, peak: process.resourceUsage().maxRSS * 1024 }
}
