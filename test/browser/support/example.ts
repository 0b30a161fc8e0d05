import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'

const EXAMPLES = join(import.meta.dirname, '../../../examples')

export interface ExampleSettings {
  /** The folder in examples/. */
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
}

/** An example that runs. */
export interface Example {
  /** Of `PORT`, without a slash at its end. */
  readonly url: string
  readonly port: number
  /** What it has printed. */
  output(): string
  /** Waits until the output has another match after `from` characters. */
  printed(pattern: RegExp, from?: number): Promise<RegExpExecArray>
  stop(): Promise<void>
}

/** Starts an example as `npm start` does, and waits until it prints its address. */
export async function startExample({ name, env = {} }: ExampleSettings): Promise<Example> {
  const port = await freePorts()
  const child = spawn(process.execPath, ['start.mjs'], {
    cwd: join(EXAMPLES, name),
    env: { ...ownEnvironment(), ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk
    })
  }
  const example: Example = {
    url: `http://localhost:${port}`,
    port,
    output: () => text,
    async printed(pattern, from = 0) {
      for (let waited = 0; waited < 60_000; waited += 50) {
        const match = pattern.exec(text.slice(from))
        if (match) return match
        if (child.exitCode !== null) break
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`examples/${name} did not print ${pattern}:\n${text}`)
    },
    async stop() {
      child.kill()
      await ended
    },
  }
  try {
    await example.printed(new RegExp(`http://localhost:${port}\\b`))
  } catch (error) {
    await example.stop()
    throw error
  }
  return example
}

/** The first of three ports that are free: an example may use those after `PORT`. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = await listenBriefly(0)
    const next = await Promise.all([first + 1, first + 2].map(listenBriefly)).catch(() => undefined)
    if (next) return first
  }
}

function listenBriefly(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const { port: chosen } = server.address() as { port: number }
      server.close(() => resolve(chosen))
    })
  })
}

/** The environment without what vitest and the machine's own AWS settings put there. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const unwanted =
    /^(AWS_|VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$|DEV$|PROD$|MODE$|DEBUG$|SECRET_KEY_BASE$|SESSION_SECRET$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
}
