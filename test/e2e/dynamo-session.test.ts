import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type App, cleanEnvironment, installApp } from '../support/app.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'
import { openTerminal } from '../support/terminal.js'

const FILE = 'config/dynamo_session_store.yml'
const STACK_TRACE = /^\s+at .+:\d+:\d+\)?$/m

let app: App
beforeAll(async () => {
  app = await installApp({ type: 'module' })
})
afterAll(() => app.remove())

/** Runs the installed executable. */
function run(...args: readonly string[]) {
  return app.run('npx', ['dynamo-session', ...args], { env: { AWS_EC2_METADATA_DISABLED: 'true' } })
}

/** Leads the application to the test engine, with a table of its own. */
async function configure(): Promise<string> {
  const tableName = uniqueTableName()
  await app.write(FILE, `table_name: ${tableName}\nendpoint: ${anyEngine().endpoint}\nregion: us-east-1\n`)
  return tableName
}

describe('the installed dynamo-session', () => {
  it('creates the table, finds no fault with it and deletes it', async () => {
    const tableName = await configure()
    const created = await run('create-table')
    expect(created).toMatchObject({ code: 0, stdout: expect.stringContaining(`table "${tableName}" is active`) })
    expect(created.stdout).toMatch(
      /^environment: +development\nconfiguration file: .+\ntable: .+\nregion: +us-east-1\n/,
    )
    const doctor = await run('doctor')
    expect(doctor).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok +table +".+" is ACTIVE$/m) })
    const refused = await run('delete-table')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('confirm it with --yes') })
    expect(await run('delete-table', '--yes')).toMatchObject({ code: 0 })
    const missing = await run('doctor')
    expect(missing).toMatchObject({ code: 1, stdout: expect.stringContaining(`there is no table "${tableName}"`) })
    expect(missing.stderr).toContain('error: doctor found 1 error')
  })

  it('takes TypeScript and CommonJS options modules', async () => {
    await configure()
    await app.write(
      'src/options.ts',
      "const tableName: string = 'from-typescript'\nexport const options = { tableName }\n",
    )
    await app.write('src/options.cjs', "module.exports = { tableName: 'from-commonjs' }\n")
    const compiled = "Object.defineProperty(exports, '__esModule', { value: true })"
    await app.write('src/compiled.cjs', `${compiled}\nexports.default = { tableName: 'from-compiled' }\n`)
    for (const [file, name] of [
      ['src/options.ts', 'from-typescript'],
      ['src/options.cjs', 'from-commonjs'],
      ['src/compiled.cjs', 'from-compiled'],
    ] as const) {
      const { code, stdout } = await run('config', '--json', '--options', file)
      expect(code).toBe(0)
      expect(JSON.parse(stdout).options.table_name).toEqual({ value: name, source: 'code' })
    }
  })

  it('reports every problem of the configuration with exit code 1 and no stack trace, unless DEBUG is set', async () => {
    await app.write(FILE, 'table_nam: x\nmax_age: zero\n')
    const { code, stderr } = await run('create-table')
    expect(code).toBe(1)
    expect(stderr).toContain(`${FILE}:1:1: unknown option "table_nam"; did you mean "table_name"?`)
    expect(stderr).toContain(`${FILE}:2:10: max_age: must be a whole number`)
    expect(stderr).not.toMatch(STACK_TRACE)
    const debug = await app.run('npx', ['dynamo-session', 'create-table'], { env: { DEBUG: '1' } })
    expect(debug.stderr).toMatch(STACK_TRACE)
  })

  it('suggests a command or option for a mistyped one, with exit code 1', async () => {
    expect(await run('docter')).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean doctor?') })
    expect(await run('config', '--jsn')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Did you mean --json?'),
    })
  })

  it('init makes the generators available, and a second run changes nothing', async () => {
    const fresh = await installApp()
    onTestFinished(() => fresh.remove())
    const first = await fresh.run('npx', ['dynamo-session', 'init'])
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('wrote plopfile.mjs') })
    expect(first.stdout).not.toContain('npm install')
    const plopfile = await fresh.read('plopfile.mjs')
    const generated = await fresh.run('npx', ['plop', 'session-config'])
    expect(generated.code, generated.stdout + generated.stderr).toBe(0)
    expect(fresh.exists(FILE)).toBe(true)
    expect((await fresh.run('npx', ['plop', '--force', 'session-config'])).code).toBe(0)
    const second = await fresh.run('npx', ['dynamo-session', 'init'])
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('loads dynamo-session-store already') })
    expect(await fresh.read('plopfile.mjs')).toBe(plopfile)
  })
})

describe('dynamo-session delete-table in a terminal', () => {
  async function open() {
    const tableName = await configure()
    expect((await run('create-table')).code).toBe(0)
    const terminal = openTerminal('npx', ['dynamo-session', 'delete-table'], app.folder)
    await terminal.see(`Delete table "${tableName}" in us-east-1`)
    await terminal.see('[y/N]')
    return terminal
  }

  it('deletes after the user has typed y', async () => {
    const terminal = await open()
    terminal.type('y\r')
    expect(await terminal.exit).toBe(0)
    expect(terminal.output()).toMatch(/deleted table ".+"/)
  })

  it.each([
    ['n', 'n\r'],
    ['Ctrl+C', '\u0003'],
    ['Ctrl+D', '\u0004'],
  ])('deletes nothing at %s, with exit code 1', async (_, keys) => {
    const terminal = await open()
    terminal.type(keys)
    expect(await terminal.exit).toBe(1)
    expect(terminal.output()).toContain('error [TABLE_REQUEST]: nothing was deleted')
    expect((await run('doctor')).code).toBe(0)
  })
})

describe.skipIf(process.platform === 'win32')('dynamo-session local', () => {
  /** Starts it without npx in between, which would take the signals. */
  async function local(...args: readonly string[]) {
    const bin = join(app.folder, 'node_modules/dynamo-session-store/dist/runtime/cli/dynamo-session.js')
    const child = spawn(process.execPath, [bin, 'local', '--port', '0', ...args], {
      cwd: app.folder,
      env: cleanEnvironment(),
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const outcome = outcomeOf(child)
    const endpoint = await outcome.find(/^ {2}export AWS_DYNAMO_DB_SESSION_ENDPOINT=(http:\S+)$/m)
    return { child, endpoint, ended: outcome.ended }
  }

  function outcomeOf(child: ChildProcess) {
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk
      })
    }
    const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
      child.once('close', (code) => resolve({ code, output }))
    })
    async function find(pattern: RegExp): Promise<string> {
      for (;;) {
        const [, found] = pattern.exec(output) ?? []
        if (found !== undefined) return found
        if (child.exitCode !== null) throw new Error(`ended: ${output}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    return { ended, find }
  }

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves other processes until %s, and keeps what --path holds',
    async (signal) => {
      const path = `.dynamodb-${signal}`
      await app.write(FILE, 'table_name: visits\n')
      const first = await local('--path', path)
      const env = { AWS_DYNAMO_DB_SESSION_ENDPOINT: first.endpoint }
      expect(await app.run('npx', ['dynamo-session', 'create-table'], { env })).toMatchObject({ code: 0 })
      first.child.kill(signal)
      expect(await first.ended).toMatchObject({ code: 0, output: expect.stringMatching(/stopped\n$/) })
      const second = await local('--path', path)
      const again = { AWS_DYNAMO_DB_SESSION_ENDPOINT: second.endpoint }
      const doctor = await app.run('npx', ['dynamo-session', 'doctor'], { env: again })
      expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining('"visits" is ACTIVE') })
    },
  )

  it('keeps running when a client disconnects during a request', async () => {
    const { child, endpoint, ended } = await local()
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(endpoint).port), '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"Table')
        setTimeout(() => socket.destroy(), 200)
      })
      socket.once('close', () => setTimeout(resolve, 300))
    })
    expect((await fetch(endpoint)).status).toBe(200)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  it('says that the port is in use, with exit code 1, also with a folder', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    const { code, stderr } = await run('local', '--port', String(port), '--path', '.dynamodb-taken')
    expect(code).toBe(1)
    expect(stderr).toContain(`error: can't listen on port ${port}: another program uses it`)
    expect(stderr).not.toMatch(STACK_TRACE)
  })
})
