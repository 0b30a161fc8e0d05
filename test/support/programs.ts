import { type ChildProcess, spawn } from 'node:child_process'
import { type App, cleanEnvironment } from './app.js'
import { freePort } from './engines-start.js'

type Environment = Readonly<Record<string, string>>

const programs = new Set<ChildProcess>()

/** Starts a program that goes on running; `ready` must appear in its output. */
export async function start(app: App, command: string, args: string[], env: Environment, ready: RegExp) {
  const child = spawn(command, args, { cwd: app.folder, env: { ...cleanEnvironment(), ...env }, detached: true })
  programs.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  for (let waited = 0; !ready.test(output); waited += 50) {
    if (waited > 60_000 || child.exitCode !== null)
      throw new Error(`${command} ${args.join(' ')} did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return () => stop(child)
}

async function stop(child: ChildProcess): Promise<void> {
  programs.delete(child)
  if (child.exitCode !== null || child.pid === undefined) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-child.pid, 'SIGTERM')
  await ended
}

/** Starts a web server that listens on `PORT`, and asks it. */
export async function startServer(app: App, command: string, args: string[], env: Environment) {
  const port = await freePort()
  const child = spawn(command, args, {
    cwd: app.folder,
    env: { ...cleanEnvironment(), ...env, PORT: String(port) },
    detached: true,
    stdio: 'pipe',
  })
  programs.add(child)
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const get = async (path: string, cookie = '', method = 'GET') => {
    const url = `http://127.0.0.1:${port}${path}`
    const response = await fetch(url, { method, headers: { cookie }, redirect: 'manual' })
    const setCookie = response.headers.getSetCookie()
    const location = response.headers.get('location')
    const text = await response.text()
    return { status: response.status, text, location, setCookie, cookie: setCookie.map(pairOf).join('; ') }
  }
  for (let waited = 0; ; waited += 50) {
    if (waited > 60_000 || child.exitCode !== null) throw new Error(`${args.join(' ')} did not start:\n${errors}`)
    try {
      await get('/')
      return { get, port, output: () => output, errors: () => errors, stop: () => stop(child) }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** The part of a Set-Cookie header that the browser sends back. */
function pairOf(setCookie: string): string {
  return setCookie.split(';', 1)[0] ?? ''
}

/** Ends what still runs. */
export async function stopPrograms(): Promise<void> {
  for (const child of programs) await stop(child)
}
