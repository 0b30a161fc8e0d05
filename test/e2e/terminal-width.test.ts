import { join } from 'node:path'
import stringWidth from 'string-width'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { openTerminal, type Terminal } from '../support/terminal.js'

const COLUMNS = 60
const DEMO = join(import.meta.dirname, '../../scripts/demo.mjs')
// biome-ignore lint/suspicious/noControlCharactersInRegex: finds control sequences
const COLOUR = /\u001b\[3\dm/

/** The lines that are longer than the terminal's. A spinner is drawn before a carriage return. */
function longLines(terminal: Terminal): string[] {
  const lines = terminal.output().split(/\r*\n/)
  return lines.map((line) => line.split('\r').at(-1) ?? '').filter((line) => stringWidth(line) > COLUMNS)
}

// node-pty drops what a program printed if it is not read within 200 ms after its end: on a machine under full load.
describe('in a terminal of 60 columns', { retry: 2 }, () => {
  let app: App
  beforeAll(async () => {
    app = await installApp({
      files: {
        'plopfile.mjs': "export default async (plop) => { await plop.load('dynamo-session-store') }\n",
        'config/dynamo_session_store.yml': 'table_name: mine\n',
      },
    })
  })
  afterAll(() => app.remove())

  const open = (program: string, args: string[], env: Record<string, string> = {}) =>
    openTerminal(join(app.folder, 'node_modules/.bin', program), args, app.folder, { columns: COLUMNS, env })

  it.each([
    ['colours', {}, true],
    ['no colour with NO_COLOR', { NO_COLOR: '1' }, false],
    ['no colour in a terminal without colours', { TERM: 'dumb' }, false],
  ])('doctor prints lines of this width, and %s', async (_, env, hasColours) => {
    const terminal = open('dynamo-session', ['doctor'], {
      AWS_DYNAMO_DB_SESSION_ENDPOINT: 'http://127.0.0.1:1',
      ...env,
    })
    expect(await terminal.exit).toBe(1)
    expect(longLines(terminal)).toEqual([])
    expect(terminal.output()).toMatch(/\nwarning {2}lifetime {7}neither [^\n]*\n {24}\S/)
    expect(terminal.output()).toMatch(/\nerror: doctor found/)
    expect(COLOUR.test(terminal.raw())).toBe(hasColours)
  })

  it('doctor prints one line for each finding where there is no terminal, in colour only with FORCE_COLOR', async () => {
    const env = { AWS_DYNAMO_DB_SESSION_ENDPOINT: 'http://127.0.0.1:1' }
    const doctor = (more: Record<string, string>) =>
      app.run(join(app.folder, 'node_modules/.bin/dynamo-session'), ['doctor'], { env: { ...env, ...more } })
    const { stdout, stderr } = await doctor({})
    expect(stdout).toMatch(
      /^warning {2}lifetime {7}neither max_stale nor max_age is set: sessions never expire.*expiry$/m,
    )
    expect(COLOUR.test(stdout + stderr)).toBe(false)
    const forced = await doctor({ FORCE_COLOR: '1' })
    expect(COLOUR.test(forced.stdout)).toBe(true)
    expect(COLOUR.test(forced.stderr)).toBe(true)
  })

  it('a generator prints lines of this width: results, notes and refusals', async () => {
    const written = open('plop', ['session-config', 'other', '--force'])
    expect(await written.exit).toBe(0)
    expect(written.output()).toContain('note: with NODE_ENV=other')
    await app.write('config/dynamo_session_store/other.yml', 'table_name: mine\n')
    const refused = open('plop', ['session-config', 'other'])
    expect(await refused.exit).toBe(1)
    expect(refused.output()).toMatch(/exists already\s+and was left as it is; --force overwrites it/)
    for (const terminal of [written, refused]) expect(longLines(terminal)).toEqual([])
  })
})

it('the demo prints sentences in lines of the width of the terminal, and code as it is', { retry: 2 }, async () => {
  const terminal = openTerminal(process.execPath, ['--no-warnings', DEMO], join(DEMO, '..'), { columns: COLUMNS })
  expect(await terminal.exit).toBe(0)
  expect(terminal.output()).toContain('Done: everything worked')
  expect(longLines(terminal).filter((line) => !/^ {2}\||^ {5,}"/.test(line))).toEqual([])
  expect(longLines(terminal).join()).toContain("import { createTable, deleteTable } from 'dynamo-session-store'")
})
