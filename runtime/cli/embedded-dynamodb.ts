import { mkdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { DynamoSessionError } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { answerOnlyLoopback } from './loopback-only.js'

export interface EmbeddedSettings {
  /** 0: any free one. */
  readonly port: number
  /** Folder that keeps the data, relative to `folder`; in memory without it. */
  readonly path?: string | undefined
  /** Folder of the application, whose dynalite is taken. */
  readonly folder: string
}

interface EmbeddedDynamoDB {
  readonly endpoint: string
  /** Lets running requests finish, closes the connections and the database. */
  stop(): Promise<void>
}

/** Of dynalite 4, which brings no types. */
type Dynalite = (options: {
  path?: string
  createTableMs: number
  deleteTableMs: number
  updateTableMs: number
}) => Server

/** The same as for level 10, the database of dynalite. */
type LevelModule = { Level: new (path: string) => { open(): Promise<void>; close(): Promise<void> } }

/** This machine only: dynalite checks no credentials. */
const HOST = '127.0.0.1'

/** Milliseconds that a table stays in CREATING, DELETING and UPDATING. */
const TABLE_DELAY = 50

/** Milliseconds that requests still running may take when it is stopped. */
const GRACE = 1_000

/** Starts dynalite and returns when it answers. */
export async function startEmbeddedDynamoDB({ port, path, folder }: EmbeddedSettings): Promise<EmbeddedDynamoDB> {
  const load = requireOfDynalite(folder)
  const dynalite: Dynalite = load('dynalite')
  const location = path === undefined ? undefined : resolve(folder, path)
  if (location !== undefined) await prepareDatabase(location, load('level'))
  const server = dynalite({
    ...(location !== undefined && { path: location }),
    createTableMs: TABLE_DELAY,
    deleteTableMs: TABLE_DELAY,
    updateTableMs: TABLE_DELAY,
  })
  answerOnlyLoopback(server)
  await listen(server, port)
  const { port: chosen } = server.address() as AddressInfo
  return { endpoint: `http://${HOST}:${chosen}`, stop: () => stop(server) }
}

/** A `require` that finds the application's dynalite and what that depends on. */
function requireOfDynalite(folder: string): NodeJS.Require {
  const require = createRequire(join(folder, 'package.json'))
  try {
    return createRequire(require.resolve('dynalite'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause
    throw new Error('the embedded DynamoDB needs dynalite, which is not installed: npm install --save-dev dynalite')
  }
}

/** Opens the database once by itself: dynalite would only fail at the first request, and not say why. */
async function prepareDatabase(location: string, { Level }: LevelModule): Promise<void> {
  try {
    await mkdir(location, { recursive: true })
    const database = new Level(location)
    await database.open()
    await database.close()
  } catch (error) {
    const { cause = error } = error as Error
    const locked = (cause as NodeJS.ErrnoException).code === 'LEVEL_LOCKED'
    const reason = locked ? 'another process uses it, perhaps another dynamo-session local' : (cause as Error).message
    throw new DynamoSessionError(`--path ${fitForLine(location)} can't hold the data: ${fitForLine(reason)}`, {
      cause: locked ? undefined : error,
    })
  }
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, HOST, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? 'another program uses it' : code === 'EACCES' ? 'not permitted' : message
    throw new DynamoSessionError(`can't listen on port ${port}: ${fitForLine(reason)}; choose another one with --port`)
  }
}

async function stop(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), GRACE)
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()))
      server.closeIdleConnections()
    })
  } finally {
    clearTimeout(cut)
  }
}
