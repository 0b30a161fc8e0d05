import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { cleanEnvironment } from '../../support/app.js'

const ROOT = join(import.meta.dirname, '../../..')

/** How long an example may take until it listens, in milliseconds. */
const PATIENCE = 60_000

/** A copy of an example. The developer's own copy in examples/ may run at the same time. */
export class CopiedExample {
  readonly folder: string
  readonly #running = new Set<ChildProcess>()

  private constructor(folder: string) {
    this.folder = folder
  }

  static async of(name: string): Promise<CopiedExample> {
    const folder = await mkdtemp(join(tmpdir(), `example-${name}-`))
    const left = new Set(['node_modules', '.dynamodb'])
    await cp(join(ROOT, 'examples', name), folder, { recursive: true, filter: (path) => !left.has(basename(path)) })
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    return new CopiedExample(folder)
  }

  /** `npm start`, until it prints its address. `output` is all that it has printed. */
  async start(env: Readonly<Record<string, string>>): Promise<{ output(): string; stop(): Promise<void> }> {
    const { child, output } = this.#spawn(env)
    for (let waited = 0; !/http:\/\/localhost:\d+/.test(output()); waited += 50) {
      if (waited > PATIENCE || child.exitCode !== null) throw new Error(`npm start did not start:\n${output()}`)
      await sleep(50)
    }
    return { output, stop: () => this.#stop(child) }
  }

  /** `npm start` of an example that ends by itself. */
  async run(): Promise<{ code: number | null; output: string }> {
    const { child, output } = this.#spawn({})
    await new Promise((resolve) => child.once('close', resolve))
    this.#running.delete(child)
    return { code: child.exitCode, output: output() }
  }

  async remove(): Promise<void> {
    for (const child of this.#running) await this.#stop(child)
    await rm(this.folder, { recursive: true, force: true })
  }

  #spawn(env: Readonly<Record<string, string>>) {
    const child = spawn('npm', ['start'], {
      cwd: this.folder,
      env: { ...cleanEnvironment(), ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk
      })
    }
    return { child, output: () => text }
  }

  /** As Ctrl-C does: a signal to all processes in the foreground. Waits until none of them is left. */
  async #stop(child: ChildProcess): Promise<void> {
    this.#running.delete(child)
    if (child.pid === undefined) return
    for (let waited = 0; isAlive(child.pid, 'SIGINT', waited); waited += 50) {
      if (waited > 5_000) {
        isAlive(child.pid, 'SIGKILL', 0)
        throw new Error('Ctrl-C left a process')
      }
      await sleep(50)
    }
  }
}

/** Whether a process of the group is alive. The first call sends it the signal. */
function isAlive(group: number, signal: NodeJS.Signals, waited: number): boolean {
  try {
    return process.kill(-group, waited === 0 ? signal : 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
