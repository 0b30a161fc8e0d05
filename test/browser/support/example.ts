import { createServer } from 'node:net'
import { CopiedExample } from './copied-example.js'

export interface ExampleSettings {
  /** The folder in examples/. */
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
  /** The value of `PORT`. Default: any free port. */
  readonly port?: number
}

/** An example that runs. */
export interface Example {
  /** Of `PORT`, without a slash at its end. */
  readonly url: string
  readonly port: number
  /** What it has printed. */
  output(): string
  stop(): Promise<void>
}

/** Starts a copy of an example, and waits until it prints its address. */
export async function startExample({ name, env = {}, port: given }: ExampleSettings): Promise<Example> {
  const port = given ?? (await freePorts())
  const copy = await CopiedExample.of(name)
  try {
    const { output } = await copy.start({ ...env, PORT: String(port) })
    return { url: `http://localhost:${port}`, port, output, stop: () => copy.remove() }
  } catch (error) {
    await copy.remove()
    throw error
  }
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
