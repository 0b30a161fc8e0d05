import { execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import dynalite from 'dynalite'
import { listen } from './adapters/listen.js'
import { fetchTarball } from './npm-tarball.js'

const run = promisify(execFile)

export interface RunningEngine {
  readonly endpoint: string
  stop(): Promise<void>
}

export async function startDynalite(): Promise<RunningEngine> {
  const server = dynalite({ createTableMs: 20, deleteTableMs: 20, updateTableMs: 20 })
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/**
 * The official DynamoDB Local. Its jar is taken from this npm tarball alone (without that package's dependencies),
 * through the npm client, and only when Java is there to run it.
 */
const TARBALL = {
  name: 'amplify-dynamodb-simulator@2.9.30',
  integrity: 'sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==',
  part: 'package/emulator',
  folder: 'dynamodb-local-2.9.30',
}

export async function startDynamoDBLocal(): Promise<RunningEngine | { missing: string }> {
  try {
    await run('java', ['-version'])
  } catch {
    return { missing: 'there is no Java on this machine (java -version failed)' }
  }
  const fetched = await fetchTarball(TARBALL)
  if ('missing' in fetched) return fetched
  const port = await freePort()
  const emulator = join(fetched.folder, 'emulator')
  const java = spawn(
    'java',
    [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-sharedDb',
      '-port',
      `${port}`,
    ],
    { cwd: emulator, stdio: 'ignore' },
  )
  const exited = new Promise<void>((resolve) => java.once('exit', () => resolve()))
  const endpoint = `http://127.0.0.1:${port}`
  await waitUntilAnswering(endpoint, java)
  return {
    endpoint,
    async stop() {
      java.kill()
      await exited
    },
  }
}

/**
 * A port for a program that can't choose one itself. It is below the range from which systems give out ports by
 * themselves, so that no other test's server and no connection takes it before the program does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

async function waitUntilAnswering(endpoint: string, process: { exitCode: number | null }): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 60_000; ) {
    if (process.exitCode !== null) throw new Error(`DynamoDB Local ended with exit code ${process.exitCode}`)
    try {
      await fetch(endpoint)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  throw new Error('DynamoDB Local did not answer within a minute')
}
