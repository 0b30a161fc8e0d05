import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { freePort } from '../support/engines-start.js'
import { start, startServer, stopPrograms } from '../support/programs.js'
import { block, README } from '../support/readme.js'

/** The commands of the block behind a sentence, without their comments. */
function commandsAfter(sentence: string): string[] {
  const rest = README.slice(README.indexOf(sentence))
  const lines = /```sh\n([\s\S]*?)```/.exec(rest)?.[1]?.trim().split('\n') ?? []
  return lines.map((line) => line.replace(/\s+#.*/, ''))
}

afterAll(stopPrograms)

describe.each([
  { language: 'JavaScript', file: 'server.mjs', command: ['node', 'server.mjs'], type: undefined },
  { language: 'TypeScript', file: 'server.ts', command: ['npx', 'tsx', 'server.ts'], type: 'module' as const },
])('the quick start of the README in $language', ({ language, file, command, type }) => {
  let app: App
  let env: Record<string, string>
  beforeAll(async () => {
    app = await installApp({ type, files: { [file]: block(file) } })
    if (language === 'TypeScript') {
      const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, noEmit: true, types: ['node'] }
      await app.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts', 'migrations', 'src'] }))
    }
    const port = await freePort()
    env = { AWS_ENDPOINT_URL_DYNAMODB: `http://localhost:${port}`, AWS_EC2_METADATA_DISABLED: 'true' }
    await start(app, 'npx', ['dynamo-session', 'local', '--path', '.dynamodb', '--port', String(port)], {}, /http:\/\//)
  })
  afterAll(async () => {
    await stopPrograms()
    await app.remove()
  })

  it('gives a signed-in session that survives a restart of the server', async () => {
    const commands = commandsAfter('Then two commands:')
    expect(commands).toHaveLength(2)
    for (const line of commands) {
      const [program = '', ...args] = line.split(' ')
      expect(program).toBe('npx')
      const { code, stdout, stderr } = await app.run(program, args, { env })
      expect({ line, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ line, code: 0, output: '' })
    }
    const doctor = await app.run('npx', ['dynamo-session', 'doctor'], { env })
    expect(doctor.code, doctor.stdout + doctor.stderr).toBe(0)

    const [program = '', ...args] = command
    const first = await startServer(app, program, args, env)
    const { text, cookie } = await first.get('/sign-in')
    expect(text).toBe('signed in as ada')
    expect((await first.get('/', cookie)).text).toBe('hello ada')
    await first.stop()
    const second = await startServer(app, program, args, env)
    expect((await second.get('/', cookie)).text).toBe('hello ada')
    expect((await second.get('/')).text).toBe('hello nobody')
    await second.stop()

    const down = await app.run('npx', ['umzug', 'down'], { env })
    expect(down.code, down.stdout + down.stderr).toBe(0)
  })

  it.runIf(language === 'TypeScript')(
    'passes the type check of the application, without skipLibCheck for ours',
    async () => {
      const { code, stdout } = await app.run('npx', ['tsc', '-p', '.'])
      expect(stdout.split('\n').filter((line) => !line.includes('node_modules/@types/'))).toEqual([''])
      expect(code).toBe(0)
    },
  )

  it.runIf(language === 'JavaScript')('works from CommonJS as well', async () => {
    await app.write('server.cjs', block('server.cjs'))
    const up = await app.run('npx', ['umzug', 'up'], { env })
    expect(up.code, up.stdout + up.stderr).toBe(0)
    const server = await startServer(app, 'node', [join(app.folder, 'server.cjs')], env)
    const { text, cookie } = await server.get('/')
    expect(text).toBe('views: 1')
    expect((await server.get('/', cookie)).text).toBe('views: 2')
    await server.stop()
  })
})
