import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { freePort } from '../support/engines-start.js'
import { start, startServer, stopPrograms } from '../support/programs.js'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** The text of a page below a heading, up to the next heading of the same level. */
function section(page: string, heading: string): string {
  const text = read(page)
  const begin = text.indexOf(`\n## ${heading}\n`)
  if (begin === -1) throw new Error(`${page} has no heading ${heading}`)
  const end = text.indexOf('\n## ', begin + 1)
  return text.slice(begin, end === -1 ? undefined : end)
}

/** The commands of all `sh` blocks, without comments. */
function commandsOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.trim().split('\n'))
    .map((line) => line.replace(/\s+#.*/, ''))
}

/** Files that a section shows: the program behind its marker, and tsconfig.json. */
function filesOf(text: string): Record<string, string> {
  const [, path = ''] = /^<!-- (docs\/snippets\/quick-start\/[\w.]+)[\w#]* -->$/m.exec(text) ?? []
  const [, tsconfig] = /^```json\n([\s\S]*?)^```/m.exec(text) ?? []
  return {
    [path.slice(path.lastIndexOf('/') + 1)]: read(path),
    ...(tsconfig !== undefined && { 'tsconfig.json': tsconfig }),
  }
}

/** Runs the commands of a page one by one, as its reader does. The programs that go on running end with the test. */
class Reader {
  readonly #app: App
  readonly #port: number
  readonly env: Record<string, string> = { AWS_EC2_METADATA_DISABLED: 'true' }

  constructor(app: App, port: number) {
    this.#app = app
    this.#port = port
  }

  async follow(line: string): Promise<void> {
    const [program = '', ...args] = line.split(' ')
    if (line.startsWith('npm install ')) return this.#expectInstalled(args)
    if (line.startsWith('export ')) return this.#export(line)
    if (line.startsWith('npx dynamo-session local')) {
      await start(this.#app, program, [...args, '--port', String(this.#port)], {}, this.#printed())
      return
    }
    if (/ server\.\w+$/.test(line)) return this.#useServer(program, args)
    const { code, stdout, stderr } = await this.#app.run(program, args, { env: this.env })
    expect({ line, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ line, code: 0, output: '' })
  }

  /** The line that a reader copies whose DynamoDB has another port than 8000. */
  #printed(): RegExp {
    return new RegExp(`^ +export AWS_DYNAMO_DB_SESSION_ENDPOINT=http://127\\.0\\.0\\.1:${this.#port}$`, 'm')
  }

  /** All tests share an installation with the packed tarball: the registry does not have this version. */
  #expectInstalled(args: readonly string[]): void {
    const names = args.filter((arg) => arg !== 'install' && !arg.startsWith('--'))
    expect(names.filter((name) => !this.#app.exists(`node_modules/${name}/package.json`))).toEqual([])
  }

  #export(line: string): void {
    const [, name = '', value = ''] = /^export (\w+)=(\S+)$/.exec(line) ?? []
    expect(value).toBe('http://127.0.0.1:8000')
    this.env[name] = value.replace('8000', String(this.#port))
  }

  /** Signs in, and restarts the server. A second server on the same port says that the port is taken. */
  async #useServer(program: string, args: string[]): Promise<void> {
    const first = await startServer(this.#app, program, args, this.env)
    expect(first.output()).toBe(`Open http://localhost:${first.port}/sign-in\n`)
    const taken = await this.#app.run(program, args, { env: { ...this.env, PORT: String(first.port) } })
    expect(taken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('EADDRINUSE') })
    const { text, cookie } = await first.get('/sign-in')
    expect(text).toBe('signed in as ada')
    expect((await first.get('/', cookie)).text).toBe('hello ada')
    await first.stop()
    const second = await startServer(this.#app, program, args, this.env)
    expect((await second.get('/', cookie)).text).toBe('hello ada')
    expect((await second.get('/')).text).toBe('hello nobody')
    await second.stop()
  }
}

afterAll(stopPrograms)

const PAGE = 'docs/getting-started.md'
const README = section('README.md', 'Quick start')
const JAVASCRIPT = section(PAGE, 'JavaScript')
const COMMONJS = section(PAGE, 'CommonJS')

describe.each([
  { title: 'README.md', commands: commandsOf(README), files: filesOf(README) },
  { title: `${PAGE}, JavaScript`, commands: commandsOf(JAVASCRIPT), files: filesOf(JAVASCRIPT) },
  {
    title: `${PAGE}, TypeScript`,
    commands: commandsOf(section(PAGE, 'TypeScript')),
    files: filesOf(section(PAGE, 'TypeScript')),
  },
  {
    title: `${PAGE}, CommonJS`,
    commands: commandsOf(JAVASCRIPT)
      .filter((line) => line !== 'npm pkg set type=module')
      .map((line) => line.replace('node server.mjs', 'node server.cjs')),
    files: filesOf(COMMONJS),
  },
])('the quick start of $title', ({ commands, files }) => {
  it('gives a signed-in session that survives a restart of the server', async () => {
    const app = await installApp({ files })
    onTestFinished(async () => {
      await stopPrograms()
      await app.remove()
    })
    const reader = new Reader(app, await freePort())
    for (const line of commands) await reader.follow(line)
    expect(commands.at(-1)).toMatch(/ server\.(mjs|ts|cjs)$/)

    const { env } = reader
    const doctor = await app.run('npx', ['dynamo-session', 'doctor'], { env })
    expect(doctor.code, doctor.stdout + doctor.stderr).toBe(0)
    const list = await app.run('npx', ['dynamo-session', 'list'], { env })
    expect(list.code, list.stdout + list.stderr).toBe(0)
    const down = await app.run('npx', ['umzug', 'down'], { env })
    expect(down.code, down.stdout + down.stderr).toBe(0)
  })
})

it(`${PAGE} and README.md show the same commands for JavaScript`, () => {
  expect(commandsOf(README)).toEqual(commandsOf(JAVASCRIPT))
})
