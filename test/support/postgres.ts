import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import knex from 'knex'
import { freePort } from './engines-start.js'

const run = promisify(execFile)

export interface Postgres {
  /** The server itself, or PGlite, which is one session for all its connections and so no place to test a lock. */
  readonly kind: 'PostgreSQL' | 'PGlite'
  /** For knex: a database of its own at each call. */
  connection(): Promise<{ host: string; port: number; user: string; database: string }>
  stop(): Promise<void>
}

/** The folder of the server's programs, of the newest version; undefined when PostgreSQL is not installed. */
function postgresPrograms(): string | undefined {
  const places = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'].flatMap((place) =>
    existsSync(place)
      ? readdirSync(place)
          .sort()
          .reverse()
          .map((version) => join(place, version, 'bin'))
      : [],
  )
  return [...places, '/usr/bin', '/usr/local/bin'].find((folder) => existsSync(join(folder, 'initdb')))
}

/** Why tests that need the real server are skipped; undefined when it is there. */
export const noPostgres = postgresPrograms() ? undefined : 'PostgreSQL is not installed on this machine (no initdb)'

/** Starts PostgreSQL in a folder of its own, or PGlite where it is not installed. */
export async function startPostgres(): Promise<Postgres> {
  const programs = postgresPrograms()
  return programs ? await startServer(programs) : await startPGlite()
}

async function startServer(programs: string): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-postgres-'))
  await chmod(folder, 0o777)
  const data = join(folder, 'data')
  const identity = await unprivileged()
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '--no-sync', '-E', 'UTF8'], {
    ...identity,
    cwd: folder,
  })
  const port = await freePort()
  const settings = ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`]
  const server = spawn(join(programs, 'postgres'), ['-D', data, '-p', `${port}`, ...settings], {
    ...identity,
    cwd: folder,
    stdio: 'ignore',
  })
  const at = { host: '127.0.0.1', port, user: 'test' }
  await untilAnswering(at, server)
  let databases = 0
  return {
    kind: 'PostgreSQL',
    async connection() {
      databases += 1
      const database = `app_${databases}`
      await query({ ...at, database: 'postgres' }, `create database ${database}`)
      return { ...at, database }
    },
    async stop() {
      const exited = once(server, 'exit')
      server.kill('SIGINT')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The server refuses to run as root: then it runs as another user of this machine. */
async function unprivileged(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => (await run('id', [flag, user])).stdout))
      return { uid: Number(uid), gid: Number(gid) }
    } catch {
      // There is no such user: the next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody')
}

async function untilAnswering(
  at: { host: string; port: number; user: string },
  server: { exitCode: number | null },
): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 60_000; ) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with exit code ${server.exitCode}`)
    try {
      await query({ ...at, database: 'postgres' }, 'select 1')
      return
    } catch {
      await sleep(50)
    }
  }
  throw new Error('PostgreSQL did not answer within a minute')
}

async function query(connection: Awaited<ReturnType<Postgres['connection']>>, text: string): Promise<void> {
  const log = { warn() {} }
  const database = knex({ client: 'pg', connection, pool: { min: 0, max: 1 }, acquireConnectionTimeout: 5_000, log })
  try {
    await database.raw(text)
  } finally {
    await database.destroy()
  }
}

async function startPGlite(): Promise<Postgres> {
  const opened: (() => Promise<void>)[] = []
  return {
    kind: 'PGlite',
    async connection() {
      const database = await PGlite.create()
      const port = await freePort()
      const server = new PGLiteSocketServer({ db: database, port, host: '127.0.0.1', maxConnections: 50 })
      await server.start()
      opened.push(async () => {
        await server.stop()
        await database.close()
      })
      return { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' }
    },
    async stop() {
      for (const stop of opened) await stop()
    },
  }
}
