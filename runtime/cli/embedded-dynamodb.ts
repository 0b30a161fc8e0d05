import { mkdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { packageManagerOf } from '../../generators/project/package-manager.js'
import { DynamoSessionError } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { acceptOnlyLoopback } from './loopback-only.js'

export interface EmbeddedSettings {
  /** Port to listen on. 0 means any free port. */
  readonly port: number
  /** Folder for the data, relative to `folder`. Without it, the data is kept in memory. */
  readonly path?: string | undefined
  /** Folder of the application, whose dynalite is used. */
  readonly folder: string
}

interface EmbeddedDynamoDB {
  readonly endpoint: string
  /** Waits for running requests, then closes the connections and the database. */
  stop(): Promise<void>
}

/** The function that dynalite 4 exports. The package has no types. */
type Dynalite = (options: {
  path?: string
  createTableMs: number
  deleteTableMs: number
  updateTableMs: number
}) => Server

/** The part of level 10, dynalite's database, that is used here. */
type LevelModule = { Level: new (path: string) => { open(): Promise<void>; close(): Promise<void> } }

/** Only this machine may connect: dynalite checks no credentials. */
const HOST = '127.0.0.1'

/** Milliseconds that a table stays in CREATING, DELETING and UPDATING. */
const TABLE_DELAY = 50

/** Milliseconds that running requests may take after a stop. */
const GRACE = 1_000

/** Starts dynalite and returns when the server accepts requests. */
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
  acceptOnlyLoopback(server)
  await listen(server, port)
  const { port: chosen } = server.address() as AddressInfo
  return { endpoint: `http://${HOST}:${chosen}`, stop: () => stop(server) }
}

/** A `require` that finds the application's dynalite and its dependencies. */
function requireOfDynalite(folder: string): NodeJS.Require {
  const require = createRequire(join(folder, 'package.json'))
  try {
    return createRequire(require.resolve('dynalite'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause
    const { addForDevelopment } = packageManagerOf(folder)
    throw new DynamoSessionError(
      `the embedded DynamoDB needs dynalite, which is not installed: ${addForDevelopment} dynalite`,
    )
  }
}

/** Opens the database once before dynalite does. dynalite itself would fail only at the first request, and give no reason. */
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
