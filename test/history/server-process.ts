import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Cleaning, ConflictNotice, Pause } from './history.js'
import type { Order, Report } from './wire.js'

/** Where a group of sessions is served. */
export interface Door {
  readonly cookieName: string
  readonly port: number
}

export interface ProcessLog {
  readonly pauses: Pause[]
  readonly cleanings: Cleaning[]
  readonly conflicts: ConflictNotice[]
  /** Texts for the report: crashes, sessions that could not be understood. */
  readonly notes: string[]
}

/** Compiles the servers into one file: a process of it starts in half a second, one of the sources in three. */
export async function bundleServer(): Promise<{ file: string; remove(): Promise<void> }> {
  const file = join(import.meta.dirname, `../../node_modules/.cache/history/server-${process.pid}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, 'server.ts')],
    outfile: file,
    bundle: true,
    ignoreAnnotations: true, // the package says that no file has side effects, but the wrong clock has
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);",
    },
  })
  return { file, remove: () => rm(file, { force: true }) }
}

/** A server process with a wall clock of its own, which can be killed, stopped for a while, and started again. */
export class ServerProcess {
  readonly number: number
  /** By group. */
  readonly doors = new Map<string, Door>()
  readonly #file: string
  readonly #settings: object
  readonly #log: ProcessLog
  readonly #skew: number
  #child: ChildProcess | undefined
  #offset: number
  /** What the offset was when. Where two overlap, it was the one or the other. */
  readonly #spans: { readonly offset: number; readonly from: number; to: number }[] = []
  #orders = 0
  readonly #waiting = new Map<number, (report: Report | undefined) => void>()

  /** @param skew how far its clock is ahead all the time, in milliseconds */
  constructor(number: number, file: string, settings: object, log: ProcessLog, skew: number) {
    this.number = number
    this.#file = file
    this.#settings = settings
    this.#log = log
    this.#skew = skew
    this.#offset = skew
  }

  get isUp(): boolean {
    return this.#child !== undefined && this.doors.size > 0
  }

  async start(): Promise<void> {
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      AWS_EC2_METADATA_DISABLED: 'true',
      HISTORY_CLOCK_OFFSET: String(this.#skew),
      HISTORY_SETTINGS: JSON.stringify(this.#settings),
    }
    this.#offset = this.#skew
    this.#begin(this.#skew)()
    const child = fork(this.#file, { env, execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    let errors = ''
    child.stderr?.on('data', (chunk) => {
      if (errors.length < 2000) errors += chunk
    })
    const doors = new Map<string, Door>()
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`server ${this.number} ended:\n${errors}`)))
      child.on('message', (report: Report) => {
        if (report.event === 'listening') doors.set(report.group, report)
        else if (report.event === 'ready') resolve()
        else this.#hear(report)
      })
    })
    child.once('exit', () => {
      if (this.#child === child) {
        this.#child = undefined
        this.doors.clear()
        this.#log.notes.push(`server ${this.number} ended by itself: ${errors}`)
      }
    })
    await ready
    this.#child = child
    for (const [group, door] of doors) this.doors.set(group, door)
  }

  /** Ends the process at once, as a crash of the machine does. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    this.doors.clear()
    if (child && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    for (const [, resolve] of this.#waiting) resolve(undefined)
    this.#waiting.clear()
  }

  async pause(milliseconds: number): Promise<void> {
    const child = this.#child
    if (!child) return
    const from = performance.now()
    child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    child.kill('SIGCONT')
    this.#log.pauses.push({ process: this.number, from, to: performance.now() })
  }

  /** @param by how far its clock is ahead from now on, beyond its skew; milliseconds */
  async step(by: number): Promise<void> {
    const offset = this.#skew + by
    const end = this.#begin(offset)
    this.#offset = offset
    if (await this.#order((id) => ({ id, offset }))) end()
  }

  get isStepped(): boolean {
    return this.#offset !== this.#skew
  }

  async clean(): Promise<void> {
    const start = performance.now()
    const report = await this.#order((id) => ({ id, clean: true }))
    const end = performance.now()
    const deleted = report?.event === 'cleaned' ? report.deleted : undefined
    this.#log.cleanings.push({ process: this.number, start, end, offset: this.offsetsIn(start, end), deleted })
  }

  /** The least and the most that the clock was ahead in a time. */
  offsetsIn(start: number, end: number): [number, number] {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let index = this.#spans.length - 1; index >= 0; index -= 1) {
      const span = this.#spans[index]
      if (!span || span.to < start) break
      if (span.from > end) continue
      least = Math.min(least, span.offset)
      most = Math.max(most, span.offset)
    }
    return [least, most]
  }

  /** @returns ends the spans before it */
  #begin(offset: number): () => void {
    const from = performance.now()
    const before = this.#spans.filter(({ to }) => to === Number.POSITIVE_INFINITY)
    this.#spans.push({ offset, from, to: Number.POSITIVE_INFINITY })
    return () => {
      const to = performance.now()
      for (const span of before) span.to = to
    }
  }

  #order(make: (id: number) => Order): Promise<Report | undefined> {
    const id = this.#orders
    this.#orders += 1
    return new Promise((resolve) => {
      if (!this.#child?.connected) return resolve(undefined)
      this.#waiting.set(id, resolve)
      this.#child.send(make(id))
    })
  }

  #hear(report: Report): void {
    if (report.event === 'clock' || report.event === 'cleaned') {
      if (report.event === 'cleaned' && report.failure) this.#log.notes.push(`cleaning: ${report.failure}`)
      this.#waiting.get(report.id)?.(report)
      this.#waiting.delete(report.id)
    } else if (report.event === 'conflict') {
      this.#log.conflicts.push({ cookie: report.cookie, keys: report.keys, at: performance.now() })
    } else if (report.event === 'failure' || report.event === 'crash') {
      this.#log.notes.push(`server ${this.number}: ${report.text}`)
    }
  }
}
