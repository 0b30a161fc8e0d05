import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A fresh application of a user, with the packed tarball of the present sources installed. */
export interface App {
  readonly folder: string
  /** Runs a command in the folder, without a terminal, and waits for its end (2 minutes at most). */
  run(
    command: string,
    args: readonly string[],
    options?: { env?: Record<string, string | undefined>; input?: string; cwd?: string },
  ): Promise<Outcome>
  write(path: string, text: string): Promise<void>
  read(path: string): Promise<string>
  exists(path: string): boolean
  remove(): Promise<void>
}

export async function installApp(
  settings: { type?: 'module' | 'commonjs'; files?: Readonly<Record<string, string>> } = {},
): Promise<App> {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-app-'))
  await copyInstallation(folder)
  const app = appAt(folder)
  const installed = JSON.parse(await app.read('package.json'))
  await app.write(
    'package.json',
    JSON.stringify(
      { name: 'app', private: true, ...(settings.type && { type: settings.type }), ...installed },
      null,
      2,
    ),
  )
  for (const [path, text] of Object.entries(settings.files ?? {})) await app.write(path, text)
  return app
}

/** Hard links where the file system has them: half a second instead of ten. */
async function copyInstallation(folder: string): Promise<void> {
  const from = inject('installation')
  const linked = await runCommand('cp', ['-al', `${from}/.`, folder], { cwd: folder, env: process.env })
  if (linked.code !== 0) await cp(from, folder, { recursive: true })
}

function appAt(folder: string): App {
  return {
    folder,
    run: (command, args, { env, input, cwd } = {}) =>
      runCommand(command, args, { cwd: join(folder, cwd ?? '.'), env: { ...cleanEnvironment(), ...env }, input }),
    async write(path, text) {
      const file = join(folder, path)
      await mkdir(dirname(file), { recursive: true })
      await rm(file, { force: true })
      await writeFile(file, text)
    },
    read: (path) => readFile(join(folder, path), 'utf8'),
    exists: (path) => existsSync(join(folder, path)),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The environment without what vitest, npm and the machine's own AWS settings put there. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const unwanted = /^(npm_|AWS_|VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$|DEV$|PROD$|MODE$|CI$|DEBUG$|SECRET_KEY_BASE$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
}

function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined>; input?: string },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      shell: process.platform === 'win32',
      timeout: 120_000,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}
